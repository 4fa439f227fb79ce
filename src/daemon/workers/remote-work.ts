/** Everything about workers on other machines, as the rest of the daemon sees it. */
import type { Claim } from '../../protocol/worker-messages.js';
import type { Context } from '../context.js';
import { ResultUploads } from './result-uploads.js';
import { WorkerRegistry } from './registry.js';
import { RemoteJobs } from './remote-jobs.js';

/** Reports come this often within a lease, so that one that is lost costs no job. */
const REPORTS_PER_LEASE = 5;
const MAX_REPORT_SECONDS = 1;

export interface RemoteWork {
    registry: WorkerRegistry;
    jobs: RemoteJobs;
    results: ResultUploads;
    leaseSeconds: number;
    reportSeconds: number;
    /** Why no job can be handed out: the queue is another daemon's. */
    queueProblem: () => string | undefined;
    /** Slots that are free on all workers that are there. */
    freeSlots: () => number;
    /** Watches the leases. @returns a function that ends it */
    start: () => Promise<() => Promise<void>>;
}

/**
 * @param kvazaar the version of the daemon's own, if it has one
 * @param queue told of each ticket that a worker has come with
 */
export function remoteWork(
    context: Context,
    kvazaar: string | undefined,
    queue: { forget: (ticket: Claim) => void; readonly problem: string | undefined },
): RemoteWork {
    const leaseSeconds = context.settings.workerLease;
    const registry = new WorkerRegistry(kvazaar);
    const jobs = new RemoteJobs(context, (ticket) => queue.forget(ticket));
    const expire = (): void => {
        const leaseMs = leaseSeconds * 1000;
        for (const { hello } of registry.forgetSilent(leaseMs)) {
            context.log.warn({ worker: hello.name }, 'nothing is heard of a worker');
        }
        jobs.expire(leaseMs).catch((error: unknown) =>
            context.log.error({ err: error }, 'leases could not be looked at'),
        );
    };
    const results = new ResultUploads(context, jobs);
    return {
        ...{ registry, jobs, results },
        leaseSeconds,
        reportSeconds: Math.min(MAX_REPORT_SECONDS, leaseSeconds / REPORTS_PER_LEASE),
        queueProblem: () => queue.problem,
        freeSlots: () =>
            registry
                .list()
                .reduce(
                    (sum, { id, hello }) => sum + Math.max(0, hello.slots - jobs.countOf(id)),
                    0,
                ),
        start: async () => {
            await jobs.adopt();
            const timer = setInterval(expire, (leaseSeconds * 1000) / REPORTS_PER_LEASE);
            return async () => {
                clearInterval(timer);
                await jobs.close();
                await results.settled();
            };
        },
    };
}
