import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, vi } from 'vitest'
import { createTelemetry } from './index.ts'

it('enters no async context where nobody makes spans, neither for requests nor for scrapes', async () => {
  const entered = vi.spyOn(AsyncLocalStorage.prototype, 'run')
  const telemetry = createTelemetry({ tracing: false, logging: false, banner: false, env: {} })
  const server = createServer((req, res) => {
    if (telemetry.answer(req, res)) return
    telemetry.beginRequest(req, res)?.run(() => void res.end('ok'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await (await fetch(`${url}/x`)).text()
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('http_server_request_duration_seconds_count')
  await (await fetch(`${url}/x`)).text()
  expect(entered).not.toHaveBeenCalled()
  await telemetry.shutdown()
  await new Promise((resolve) => server.close(resolve))
})
