/** Puts the parts of the daemon together. Listening on signals and ending the process is main.ts's. */
import type { AddressInfo } from 'node:net';
import type { Settings } from '../config/settings.js';
import { Authenticator } from './access/authenticator.js';
import { addRoutes, createApp } from './app.js';
import type { Context } from './context.js';
import { lockDataFolder } from './data-lock.js';
import { EventBus } from './event-bus.js';
import { openFolders } from './folders.js';
import { Handshake } from './handshake.js';
import { startJanitor } from './janitor.js';
import { Runner } from './jobs/runner.js';
import { LocalQueue } from './queue/local.js';
import { QueuePause } from './queue/pause.js';
import { recover } from './recovery.js';
import { serveSockets } from './socket/server.js';
import { Store } from './store/index.js';

export interface RunningDaemon {
    /** http://HOST:PORT with the port that it really has. */
    url: string;
    context: Context;
    /** Sends clients away, puts running jobs back into the queue and gives everything back. */
    stop: () => Promise<void>;
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
    const folders = openFolders(settings.dataDir);
    const unlock = lockDataFolder(settings.dataDir);
    const app = createApp(settings.logLevel);
    let store: Store | undefined;
    try {
        store = new Store(folders.database);
        const unclean = store.meta.begin();
        const context: Context = {
            settings,
            folders,
            store,
            authenticator: new Authenticator(store, settings, ownerTokenFile),
            bus: new EventBus(),
            queue: new LocalQueue(settings.workers, () => runner.runNext()),
            pause: new QueuePause(store.meta),
            log: app.log,
            abortJob: (jobId, reason) => runner.abort(jobId, reason),
        };
        const runner = new Runner(context);
        context.pause.onChange((pause) => {
            context.log.info({ pause }, pause ? 'the queue is paused' : 'the queue goes on');
            if (!pause) context.queue.wake();
        });
        await addRoutes(app, context);
        await recover(context, unclean);
        const closeSockets = serveSockets(app.server, context, new Handshake(context));
        await app.listen({ host: settings.host, port: settings.port });
        const { port } = app.server.address() as AddressInfo;
        const stopJanitor = startJanitor(context);
        context.queue.wake();

        const opened = store;
        return {
            url: `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`,
            context,
            stop: async () => {
                stopJanitor();
                const idle = context.queue.stop();
                runner.abortAll('shutdown');
                closeSockets();
                await app.close();
                await idle;
                opened.close();
                unlock();
            },
        };
    } catch (error) {
        await app.close();
        store?.close();
        unlock();
        throw error;
    }
}
