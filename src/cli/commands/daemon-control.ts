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
import { settingFlag } from '../../config/settings.js';

/** Ending encoders and putting their jobs back takes a moment; more than this, and the grace period, is a hang. */
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** How often a daemon that drains is asked what it still does. */
const DRAIN_LOOK_MS = 2_000;

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

function signalDaemon(pid: number, signal: NodeJS.Signals): void {
    try {
        process.kill(pid, signal);
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code !== 'ESRCH') {
            throw new KvzError('UNREACHABLE', `pid ${pid} cannot be stopped: ${message}`);
        }
    }
}

export async function stopDaemon(
    context: CliContext,
    settings: Settings,
    drain: boolean,
): Promise<void> {
    const record = runningDaemon(settings.dataDir);
    if (!record) {
        context.say('no daemon runs');
        return;
    }
    if (drain) {
        signalDaemon(record.pid, 'SIGUSR2');
        await interruptible((signal) => awaitDrained(context, record, signal));
    } else {
        signalDaemon(record.pid, 'SIGTERM');
        await awaitGone(record, settings.stopGrace * 1000 + STOP_TIMEOUT_MS);
    }
    context.say(`the daemon has stopped (pid ${record.pid})`);
}

async function awaitGone({ pid }: DaemonRecord, timeoutMs: number): Promise<void> {
    const startedMs = Date.now();
    while (!isGone(pid)) {
        if (Date.now() - startedMs > timeoutMs) {
            throw new KvzError(
                'UNREACHABLE',
                `the daemon (pid ${pid}) does not end; stopping it again ends it at once`,
            );
        }
        await delay(POLL_MS);
    }
}

/** Waits as long as it takes, and says what for. Ctrl-C ends the waiting, not the daemon's. */
async function awaitDrained(
    context: CliContext,
    record: DaemonRecord,
    signal: AbortSignal,
): Promise<void> {
    let said = 0;
    for (let nextLookMs = 0; !isGone(record.pid);) {
        if (signal.aborted) {
            context.say(
                'the daemon still stops when its jobs have ended; "daemon stop" stops it now',
            );
            throw new KvzError('INTERRUPTED', 'interrupted');
        }
        if (Date.now() >= nextLookMs) {
            const running = await runningJobs(context, record).catch(() => 0);
            if (running > 0 && running !== said) {
                context.say(`waiting for ${running} running ${running === 1 ? 'job' : 'jobs'}`);
                said = running;
            }
            nextLookMs = Date.now() + DRAIN_LOOK_MS;
        }
        await delay(POLL_MS);
    }
}

async function runningJobs(context: CliContext, { url }: DaemonRecord): Promise<number> {
    const { running } = await context.withClient({ server: url }, (client) => client.stats());
    return running;
}
