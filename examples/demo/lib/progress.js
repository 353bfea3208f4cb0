// @ts-check
/** Progress of the traffic: one line that is redrawn on a terminal, a line for each quarter anywhere else. */

/** With its text the line stays below 80 columns: one that wraps cannot be redrawn. */
const BAR_WIDTH = 32

export class Progress {
  #stream
  #paint
  #total
  #indent
  #done = 0
  #failed = 0
  #quarter = 0

  /**
   * @param {{ stream: { isTTY?: boolean, write(text: string): unknown }, paint: import('./paint.js').Paint,
   *   total: number, indent?: string }} options
   */
  constructor({ stream, paint, total, indent = '' }) {
    this.#stream = stream
    this.#paint = paint
    this.#total = total
    this.#indent = indent
  }

  /** @param {number | undefined} status of one answer; `undefined` when there was none */
  answered(status) {
    this.#done++
    if (status === undefined || status >= 500) this.#failed++
    if (this.#stream.isTTY === true) {
      this.#stream.write(`\r\x1b[K${this.#line()}${this.#done === this.#total ? '\n' : ''}`)
      return
    }
    const quarter = Math.floor((this.#done * 4) / this.#total)
    if (quarter === this.#quarter) return
    this.#quarter = quarter
    this.#stream.write(`${this.#line()}\n`)
  }

  #line() {
    const { bold, dim, red } = this.#paint
    const filled = Math.round((this.#done * BAR_WIDTH) / this.#total)
    const bar = bold('━'.repeat(filled)) + dim('─'.repeat(BAR_WIDTH - filled))
    const failed = this.#failed === 0 ? '' : red(`   ${this.#failed} failed`)
    return `${this.#indent}sending requests  ${bar}  ${this.#done}/${this.#total}${failed}`
  }
}
