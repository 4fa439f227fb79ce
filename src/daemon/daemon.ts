/** Puts the parts of the daemon together. Listening on signals and ending the process is main.ts's. */
import type { AddressInfo } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { removeLocalKey, writeLocalKey } from '../config/local-key.js';
import type { Settings } from '../config/settings.js';
import { createAccess } from './access/index.js';
import { addRoutes, createApp } from './app.js';
import { bootId } from './boot.js';
import { limitConnections } from './http/connection-limits.js';
import type { Context } from './context.js';
import { lockDataFolder } from './data-lock.js';
import { EventBus } from './event-bus.js';
import { openFolders } from './folders.js';
import { Handshake } from './handshake/handshake.js';
import { startJanitor } from './janitor.js';
import { DiskWatch } from './jobs/disk-watch.js';
import { Retries } from './jobs/retries.js';
import { Runner } from './jobs/runner.js';
import { LocalQueue } from './queue/local.js';
import { QueuePause } from './queue/pause.js';
import { Notifier } from './notify/notifier.js';
import { Health } from './observe/health.js';
import { logJobs } from './observe/job-lines.js';
import { Metrics } from './observe/metrics.js';
import { observeRoutes } from './observe/routes.js';
import { recover } from './recovery.js';
import { BackgroundRepair } from './repair.js';
import { serveSockets } from './socket/server.js';
import { Stopping, type StopMode } from './stopping.js';
import { Store } from './store/index.js';
import { readTlsFiles } from './http/tls-files.js';
import { LeafThreads } from './uploads/leaf-threads.js';

export interface RunningDaemon {
    /** http(s)://HOST:PORT with the port that it really has. */
    url: string;
    context: Context;
    /** When rows and files have been compared; it is of use before that. */
    repaired: Promise<void>;
    /**
     * Takes up a certificate that has been renewed. Connections stay as they are.
     * @throws TlsError; the one before is used on
     */
    reloadTls: () => void;
    /** Ends it in good order, see {@link Stopping}. By default within a grace period. */
    stop: (mode?: StopMode) => Promise<void>;
    /** Puts running jobs back into the queue; the process must end at once after it. */
    giveUp: () => void;
}

/** Where commands on this machine find a daemon that listens on `host`. */
function addressOf(host: string, port: number, isSecure: boolean): string {
    const name = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
    return `${isSecure ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/**
 * Starts a daemon in this process.
 * @param ownerTokenFile see {@link Authenticator}
 * @throws DataFolderBusyError when another one uses the data folder, or the error of listening
 */
export async function startDaemon(
    settings: Settings,
    ownerTokenFile?: string,
): Promise<RunningDaemon> {
    const tls = readTlsFiles(settings);
    const folders = openFolders(settings.dataDir);
    const unlock = lockDataFolder(settings.dataDir);
    // From here on nobody else writes there.
    const startedMs = Date.now();
    const app = createApp(settings, tls);
    let store: Store | undefined;
    let access: ReturnType<typeof createAccess> | undefined;
    let metrics: Metrics | undefined;
    let notifier: Notifier | undefined;
    let diskWatch: DiskWatch | undefined;
    try {
        store = new Store(folders.database);
        const lastEnd = store.meta.begin(bootId());
        // BullMQ is big, and most daemons go without.
        const { openSharedQueue } = settings.queue === '' ? {} : await import('./queue/shared.js');
        const shared = openSharedQueue?.({ settings, store, log: app.log }, (ticket) =>
            runner.runTicket(ticket),
        );
        access = createAccess(store, settings, ownerTokenFile);
        const context: Context = {
            settings,
            folders,
            store,
            ...access,
            bus: new EventBus(),
            queue: shared?.queue ?? new LocalQueue(settings.workers, () => runner.runNext()),
            pause: new QueuePause(store.meta),
            retries: new Retries(store, () => context.queue.wake()),
            leafThreads: new LeafThreads(),
            localKey: settings.localCopy ? writeLocalKey(settings.dataDir) : undefined,
            remote: undefined,
            log: app.log,
            abortJob: (jobId, reason) => {
                runner.abort(jobId, reason);
                void context.remote?.jobs.drop(jobId);
            },
        };
        const runner = new Runner(context);
        context.remote = await shared?.work(context);
        context.pause.onChange((pause) => {
            context.log.info({ pause }, pause ? 'the queue is paused' : 'the queue goes on');
            if (!pause) context.queue.wake();
        });
        const health = new Health(context);
        metrics = new Metrics(context, app.server);
        logJobs(context);
        notifier = new Notifier(context);
        await addRoutes(app, context);
        observeRoutes(app, context, health, metrics);
        await recover(context, lastEnd);
        diskWatch = new DiskWatch(context, runner);
        await diskWatch.start();
        const closeSockets = serveSockets(app.server, context, new Handshake(context));
        limitConnections(app.server, context.gate, settings, tls === undefined);
        // Before any worker asks after its jobs.
        const stopRemote = await context.remote?.start();
        await app.listen({ host: settings.host, port: settings.port });
        const { port } = app.server.address() as AddressInfo;
        const stopJanitor = startJanitor(context);
        const repair = new BackgroundRepair(context, startedMs);
        context.queue.wake();
        context.retries.schedule();

        const opened = store;
        const stopping = new Stopping({
            context,
            runner,
            close: async (idle) => {
                context.presences.stop();
                stopJanitor();
                await repair.stop();
                context.retries.stop();
                diskWatch?.stop();
                closeSockets();
                await app.close();
                await idle;
                await stopRemote?.();
                await notifier?.stop();
                metrics?.stop();
                removeLocalKey(settings.dataDir);
                opened.close();
                unlock();
            },
        });
        return {
            url: addressOf(settings.host, port, tls !== undefined),
            context,
            repaired: repair.ended,
            reloadTls: () => {
                const renewed = readTlsFiles(settings);
                if (tls && renewed) (app.server as unknown as TlsServer).setSecureContext(renewed);
            },
            stop: async (mode = 'grace') => stopping.stop(mode),
            giveUp: () => runner.giveUpAll(),
        };
    } catch (error) {
        access?.presences.stop();
        diskWatch?.stop();
        await app.close();
        await notifier?.stop();
        metrics?.stop();
        removeLocalKey(settings.dataDir);
        store?.close();
        unlock();
        throw error;
    }
}
