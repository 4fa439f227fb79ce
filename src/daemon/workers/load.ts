/** How much work there is room for, here and on the worker machines. */
import type { WorkerMachine } from '../../protocol/messages.js';
import type { Context } from '../context.js';

type Workers = Pick<Context, 'settings' | 'queue' | 'remote'>;

/** Jobs that may run at once, now. */
export function jobSlots({ settings, remote }: Workers): number {
    const machines = remote?.registry.list() ?? [];
    return machines.reduce((sum, { hello }) => sum + hello.slots, settings.workers);
}

/** Jobs that run now. */
export function jobsRunning({ queue, remote }: Workers): number {
    return queue.running + (remote?.jobs.count ?? 0);
}

/** The worker machines that are there, by name; undefined where the queue is not shared. */
export function workerMachines({ remote }: Workers): WorkerMachine[] | undefined {
    return remote?.registry
        .list()
        .map(({ id, hello, heardAt }) => ({
            name: hello.name,
            slots: hello.slots,
            running: remote.jobs.countOf(id),
            threads: hello.threads,
            kvazaar: hello.kvazaar,
            silentSeconds: Math.round((performance.now() - heardAt) / 100) / 10,
        }))
        .sort((a, b) => a.name.localeCompare(b.name));
}
