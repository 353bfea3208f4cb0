/** The bench: `npm run bench -- --help`. Measures, writes `results.json`, and from that the tables of `README.md`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { handlers, rowsOf } from './http/rows.mjs'
import { measureHttp, startWorld } from './http/run.mjs'
import { help, parseArguments } from './lib/arguments.mjs'
import { machine } from './lib/machine.mjs'
import { between, filled } from './lib/page.mjs'
import { prepare, versions } from './lib/prepare.mjs'
import { headlineText, textsOf } from './lib/texts.mjs'
import { measureMicro } from './micro/run.mjs'

const resultsPath = fileURLToPath(new URL('results.json', import.meta.url))
const pagePath = fileURLToPath(new URL('README.md', import.meta.url))
const rootPagePath = fileURLToPath(new URL('../README.md', import.meta.url))

/** Below some ten thousand requests V8 still compiles, on threads whose time is counted. */
const TIMES = { warmRequests: 12_000, warm: 4_500, settle: 300, measure: 1_000 }
const QUICK_TIMES = { warmRequests: 4_000, warm: 2_000, settle: 250, measure: 500 }

const options = parseArguments(process.argv.slice(2))
if (options.help) console.log(help)
else await run()

async function run() {
  prepare()
  const results =
    options.write && existsSync(resultsPath) ? JSON.parse(readFileSync(resultsPath, 'utf8')) : {}
  const world = await startWorld()
  try {
    for (const framework of ['fastify', 'express']) {
      if (options.only.includes(framework)) await runHttp(framework, world, results)
    }
    if (options.only.includes('micro')) {
      results.micro = { measured: how(), ...(await measureMicro(world, options)) }
      save(results)
    }
  } finally {
    await world.stop()
  }
  const texts = save(results)
  for (const name of ['machine', ...options.only, 'ratios']) console.log(`\n${texts[name]}`)
}

/** Writes what there is by now, so that a run that is cut short keeps its parts. @returns the texts of the page */
function save(results) {
  results.machine = machine()
  results.versions = versions()
  const texts = textsOf(results)
  if (options.write) {
    writeFileSync(resultsPath, `${JSON.stringify(results, null, 2)}\n`)
    writeFileSync(pagePath, filled(readFileSync(pagePath, 'utf8'), texts))
    writeFileSync(
      rootPagePath,
      between(readFileSync(rootPagePath, 'utf8'), 'headline', headlineText(results)),
    )
  }
  return texts
}

async function runHttp(framework, world, results) {
  const chosen = rowsOf(framework, options.rows)
  for (const name of options.handlers) {
    console.error(`${framework}, ${handlers[name].label}`)
    const measured = `${how()}, ${options.rounds} rounds`
    const found = await measureHttp(framework, handlers[name], chosen, world, {
      ...options,
      times: options.quick ? QUICK_TIMES : TIMES,
    })
    results.http ??= {}
    results.http[framework] ??= {}
    results.http[framework][name] = { measured, rows: found }
    save(results)
  }
}

/** When and by which command a part was measured: parts may be measured one by one. */
function how() {
  const given = process.argv.slice(2)
  const command = ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' ')
  return `on ${new Date().toISOString().slice(0, 10)} by \`${command}\``
}
