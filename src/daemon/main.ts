/** The daemon as a process: signals, the record for commands to find it, and its exit. */
import type { Settings } from '../config/settings.js';
import {
    readDaemonRecord,
    removeDaemonRecord,
    writeDaemonRecord,
} from '../config/daemon-record.js';
import { homePaths } from '../config/paths.js';
import { VERSION } from '../config/version.js';
import { DataFolderBusyError } from './data-lock.js';
import { startDaemon } from './daemon.js';

/** Beyond the grace period: ends a process whose stop hangs; the next start recovers from it. */
const STOP_TIMEOUT_MS = 30_000;

/**
 * Runs a daemon until SIGTERM or SIGINT; a second one ends it at once. SIGUSR2 lets the jobs that
 * run end first, however long they take.
 * @throws DataFolderBusyError or an error of listening, with a message for the user
 */
export async function runDaemon(settings: Settings): Promise<void> {
    const { tokenFile } = homePaths();
    const daemon = await startDaemon(settings, tokenFile).catch((error: NodeJS.ErrnoException) => {
        if (error instanceof DataFolderBusyError) {
            const other = readDaemonRecord(settings.dataDir);
            const where = other ? ` (${other.url}, process ${other.pid})` : '';
            throw new DataFolderBusyError(`${error.message}${where}`);
        }
        if (error.code === 'EADDRINUSE') {
            throw new Error(`${settings.host}:${settings.port} is in use by another program`, {
                cause: error,
            });
        }
        throw error;
    });
    const { log } = daemon.context;
    writeDaemonRecord(settings.dataDir, {
        pid: process.pid,
        url: daemon.url,
        version: VERSION,
        startedAt: new Date().toISOString(),
    });
    log.info({ url: daemon.url, dataDir: settings.dataDir, version: VERSION }, 'daemon runs');

    process.on('SIGHUP', () => {
        try {
            daemon.reloadTls();
            log.info('read the certificate anew');
        } catch (error) {
            log.error({ err: error }, 'the certificate is not changed');
        }
    });
    await new Promise<void>((resolve, reject) => {
        let stopping = false;
        const stop = (signal: NodeJS.Signals): void => {
            if (stopping) {
                log.warn({ signal }, 'stopping at once');
                daemon.giveUp();
                process.exit(1);
            }
            stopping = true;
            log.info({ signal }, 'stopping');
            setTimeout(() => process.exit(1), settings.stopGrace * 1000 + STOP_TIMEOUT_MS).unref();
            daemon.stop().then(resolve, reject);
        };
        process.on('SIGTERM', stop);
        process.on('SIGINT', stop);
        process.on('SIGUSR2', () => {
            log.info('stopping when the running jobs have ended');
            daemon.stop('drain').then(resolve, reject);
        });
    });
    removeDaemonRecord(settings.dataDir, process.pid);
    log.info('daemon has stopped');
}
