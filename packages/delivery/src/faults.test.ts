/** The export faults from the main thread; from the sending thread in faults-thread.ci.test.ts. */
import { describeFaults } from './describe-faults.fixture.ts'
import { protocols } from './faulty-backend.fixture.ts'

describeFaults(protocols.map((protocol) => ({ ...protocol, thread: 'main' })))
