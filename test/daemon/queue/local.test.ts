import { LocalQueue } from '../../../src/daemon/queue/local.js';
import { queueContract } from './contract.js';

queueContract('local', async (jobs, slots) => new LocalQueue(slots, () => jobs.runNext()));
