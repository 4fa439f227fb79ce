import type { FastifyBaseLogger } from 'fastify';
import type { Settings } from '../config/settings.js';
import type { Access } from './access/index.js';
import type { EventBus } from './event-bus.js';
import type { Folders } from './folders.js';
import type { Retries } from './jobs/retries.js';
import type { QueuePause } from './queue/pause.js';
import type { JobQueue } from './queue/queue.js';
import type { Store } from './store/index.js';
import type { LeafThreads } from './uploads/leaf-threads.js';
import type { RemoteWork } from './workers/remote-work.js';

/** What the parts of the daemon share. */
export interface Context extends Access {
    settings: Settings;
    folders: Folders;
    store: Store;
    bus: EventBus;
    queue: JobQueue;
    pause: QueuePause;
    retries: Retries;
    leafThreads: LeafThreads;
    /** By which a command of the same user of this machine is known; undefined: by nothing. */
    localKey: Buffer | undefined;
    /** Workers on other machines; undefined where the queue is this daemon's own. */
    remote: RemoteWork | undefined;
    log: FastifyBaseLogger;
    /** Ends the work of a running job, wherever it runs. */
    abortJob: (jobId: string, reason: 'cancelled') => void;
}
