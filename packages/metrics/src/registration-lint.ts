/**
 * Lints each instrument when it is made, by its name and by how the others of the registry write their labels.
 *
 * Invariant: where it throws nothing was made; and what cannot be exposed at all has thrown before, in every mode.
 */
import { rejectOption, TriscopeError } from '@triscope/core'
import { type FamilyHead, ownerText, sampleName } from './family.ts'
import { LabelStyles } from './lint.ts'
import { lintFamily } from './lint-rules.ts'
import type { Room } from './room.ts'

/** What happens to an instrument with findings: it is refused, it is made and they are said, or nothing. */
export type LintMode = 'throw' | 'warn' | 'off'

/** One per registry. */
export class RegistrationLint {
  mode: LintMode
  readonly #room: Room
  readonly #styles = new LabelStyles()

  constructor(mode: LintMode, room: Room) {
    this.mode = mode
    this.#room = room
  }

  /** Throws `TRI_ERR_METRIC_LINT`, or warns `TRI_WARN_METRIC_LINT` once an instrument. */
  check({ head, labels }: { head: FamilyHead; labels: readonly string[] }): void {
    if (this.mode === 'off') return
    const { type, help } = head
    const name = sampleName(head)
    const findings = [
      // What the scraper calls the target, it keeps under another name: a hint for who looks, no reason to say more.
      ...lintFamily({ name, type, help, labels }).filter(({ code }) => code !== 'LABEL_OF_TARGET'),
      ...this.#styles.clashes(name, labels),
    ]
    const [first, ...more] = findings.map(({ code, message, fix }) => `${message} (${code}): ${fix}`)
    if (first !== undefined) {
      const text = [`${ownerText(head)}: ${first}`, ...more].join('; ')
      if (this.mode === 'throw') {
        throw new TriscopeError('TRI_ERR_METRIC_LINT', text, {
          hint: 'set metrics.lint to "warn" to keep it as it is',
        })
      }
      this.#room.diagnostics.warn('TRI_WARN_METRIC_LINT', text, name)
    }
    this.#styles.keep(name, labels)
  }
}

/** Throws `TRI_ERR_OPTION`. */
export function checkLintMode(path: string, mode: unknown): LintMode {
  if (mode === 'throw' || mode === 'warn' || mode === 'off') return mode
  return rejectOption(path, '"throw", "warn" or "off"', mode)
}
