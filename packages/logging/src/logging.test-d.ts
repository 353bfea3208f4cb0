/** What must compile, and what must not. Read by the type checker alone. */
import { pino } from 'pino'
import { createLogging, type Logging } from './index.ts'

export function compiles(logging: Logging): void {
  createLogging({ destination: pino.destination({ dest: 1, sync: true }) })
  createLogging({ destination: process.stdout })
  createLogging({ destination: pino.transport({ target: 'pino/file' }) })
  createLogging({ destination: pino.multistream([]) })
  createLogging({ destination: { write: (line) => line.length } })
  createLogging({ logger: pino() })
  createLogging({ logger: pino({ customLevels: { audit: 35 } }) })
  createLogging({
    pino: { mixin: () => ({}), customLevels: { audit: 35 }, transport: { target: 'pino/file' } },
  })
  // The type of what is correlated stays.
  logging.correlate(pino({ customLevels: { audit: 35 } })).audit('kept')
  // @ts-expect-error the method is always known
  logging.access({ status: 200 }, 'info')
  // @ts-expect-error an access line has no other fields but in `fields`
  logging.access({ method: 'GET', user: 1 }, 'info')
  // @ts-expect-error not a level of access lines
  logging.access({ method: 'GET' }, 'debug')
  // @ts-expect-error misspelt
  createLogging({ levle: 'info' })
}
