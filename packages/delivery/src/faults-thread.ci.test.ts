/** The export faults from the sending thread: each promise starts one, which is too slow for every run. */
import { describeFaults } from './describe-faults.fixture.ts'
import { protocols } from './faulty-backend.fixture.ts'

describeFaults(protocols.map((protocol) => ({ ...protocol, thread: 'worker' })))
