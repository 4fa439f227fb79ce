/** The queue that several machines share, in the place of the daemon's own. */
import { hostname } from 'node:os';
import { describeRedis, parseRedisAddress } from '../../config/redis-address.js';
import { readCa } from '../../config/tls-trust.js';
import { findProgram, programVersion } from '../../encoder/index.js';
import { Seldom } from '../../worker/seldom.js';
import type { Ticket } from '../../worker/ticket.js';
import type { Context } from '../context.js';
import { remoteWork, type RemoteWork } from '../workers/remote-work.js';
import { BullmqQueue } from './bullmq.js';

export interface SharedQueue {
    queue: BullmqQueue;
    /** What the daemon needs for workers elsewhere. */
    work: (context: Context) => Promise<RemoteWork>;
}

/** @param run see {@link BullmqQueue} */
export function openSharedQueue(
    { settings, store, log }: Pick<Context, 'settings' | 'store' | 'log'>,
    run: (ticket: Ticket) => Promise<void>,
): SharedQueue {
    const address = parseRedisAddress(settings.queue);
    let remote: RemoteWork | undefined;
    const seldom = new Seldom();
    const queue = new BullmqQueue({
        address,
        ca: readCa(settings.tlsCa),
        owner: { id: store.meta.folderId, name: `${hostname()}:${settings.dataDir}` },
        slots: settings.workers,
        remoteFree: () => remote?.freeSlots() ?? 0,
        waiting: (limit) => store.turns.startable(limit, Date.now()),
        run,
        onError: (error) => {
            if (!seldom.isDue(error.message)) return;
            log.warn({ queue: describeRedis(address), err: error }, 'the queue in Redis fails');
        },
    });
    return {
        queue,
        work: async (context) => {
            const own = findProgram('kvazaar');
            const kvazaar = own && (await programVersion('kvazaar', own.path));
            remote = remoteWork(context, kvazaar, queue);
            return remote;
        },
    };
}
