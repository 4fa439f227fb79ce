/** Starting and stopping the daemon of this machine. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readDaemonRecord } from '../../config/daemon-record.js';
import type { DaemonRecord } from '../../config/daemon-record.js';
import type { SettingName, Settings } from '../../config/settings.js';
import { KvzError } from '../../protocol/errors.js';
import { awaitDaemon, isHealthy, spawnDaemon } from '../../client/local-daemon.js';
import { runningDaemon } from '../../client/running-daemon.js';
import type { CliContext } from '../context.js';
import { interruptible } from '../interrupt.js';
import { settingFlag } from './daemon.js';

/** Ending encoders and putting their jobs back takes a moment; more than this is a hang. */
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

export async function startDaemon(
    context: CliContext,
    settings: Settings,
    given: Partial<Record<SettingName, string>>,
): Promise<void> {
    const running = runningDaemon(settings.dataDir);
    if (running && (await isHealthy(running.url))) {
        context.say(`the daemon runs already: pid ${running.pid}, ${running.url}`);
        return;
    }
    const { logDir } = context.paths;
    const args = Object.entries(given).flatMap(([name, value]) => [
        settingFlag(name as SettingName),
        // The daemon runs in another folder than this command.
        name === 'dataDir' ? resolve(value) : value,
    ]);
    await interruptible(async (signal) => {
        const child = spawnDaemon(args, logDir, context.env);
        const find = async (): Promise<DaemonRecord | undefined> => {
            const record = readDaemonRecord(settings.dataDir);
            return record && (await isHealthy(record.url)) ? record : undefined;
        };
        const record = await awaitDaemon(child, find, logDir, signal);
        context.say(`the daemon runs: pid ${record.pid}, ${record.url}`);
    });
}

function isGone(pid: number): boolean {
    try {
        process.kill(pid, 0);
        // A process that has ended but was not yet waited for by its parent still has its number.
        return (
            process.platform === 'linux' && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
        );
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        return code === 'ESRCH' || code === 'ENOENT';
    }
}

export async function stopDaemon(context: CliContext, settings: Settings): Promise<void> {
    const record = runningDaemon(settings.dataDir);
    if (!record) {
        context.say('no daemon runs');
        return;
    }
    try {
        process.kill(record.pid, 'SIGTERM');
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code !== 'ESRCH') {
            throw new KvzError('UNREACHABLE', `pid ${record.pid} cannot be stopped: ${message}`);
        }
    }
    const startedMs = Date.now();
    while (!isGone(record.pid)) {
        if (Date.now() - startedMs > STOP_TIMEOUT_MS) {
            throw new KvzError(
                'UNREACHABLE',
                `the daemon (pid ${record.pid}) does not end; stopping it again ends it at once`,
            );
        }
        await delay(POLL_MS);
    }
    context.say(`the daemon has stopped (pid ${record.pid})`);
}
