/** Writes a CPU profile of a row under load, and prints where its time went. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chargedTimes, selfByPackage } from '../lib/profile.mjs'

/** Into `bench/.profiles/<name>.cpuprofile`, which Chrome's developer tools open. */
export async function writeProfile({ server, load }, name, how) {
  server.resume()
  await server.call('startProfile')
  const { requests } = await load(how)
  const profile = await server.call('stopProfile')
  server.pause()
  const folder = fileURLToPath(new URL('../.profiles/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}${name}.cpuprofile`, JSON.stringify(profile))
  const charged = chargedTimes(profile)
  console.log(`\n${name}, ${requests} requests; self time by package`)
  for (const { owner, self } of selfByPackage(charged).slice(0, 16)) console.log(`${percent(self)}  ${owner}`)
  console.log('\nself    total   function')
  for (const { where, self, total } of charged.slice(0, 30)) {
    console.log(`${percent(self)} ${percent(total)}  ${where}`)
  }
  console.log('\nfunctions of Triscope, by total time')
  const ours = charged.filter(({ where }) => where.includes('  @triscope/')).sort((a, b) => b.total - a.total)
  for (const { where, self, total } of ours.slice(0, 40)) {
    console.log(`${percent(self)} ${percent(total)}  ${where}`)
  }
}

function percent(share) {
  return `${(100 * share).toFixed(1).padStart(5)} %`
}
