/** One group of small benches in a process of its own: `node child.mjs <record|span|line>`. */
import { serve } from '../lib/remote.mjs'
import { ask, bytesPerCall, timeOf } from './harness.mjs'

const { withQuestions } = await import(`./${process.argv[2]}.mjs`)

serve(
  {
    /** Every contender, in interleaved rounds. */
    run: (how) => withQuestions(how, (questions) => forEach(questions, (question) => ask(question, how))),
    /** Ours alone: the bytes of one call. */
    bytes: (how) =>
      withQuestions(how, (questions) =>
        forEach(questions, async ({ contenders, ours }) => {
          const contender = contenders[ours]
          // Until V8 has compiled it for good, it allocates what it will not later.
          for (let turn = 0; turn < 30; turn++) {
            timeOf(contender, Math.min(contender.max ?? 20_000, 20_000))
            await contender.settle?.()
          }
          return bytesPerCall(contender)
        }),
      ),
  },
  {},
)

async function forEach(questions, answer) {
  const found = {}
  for (const [id, question] of Object.entries(questions)) found[id] = await answer(question)
  return found
}
