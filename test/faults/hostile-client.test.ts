/**
 * Clients that mean harm: malformed messages and requests, floods, and connections that are kept
 * busy for nothing. The daemon goes on, its memory is bounded, nothing appears on the disk under a
 * name of theirs, and a client that behaves is answered all along. What pages in a browser can do
 * is in test/browser/origin.test.ts.
 *
 * KVZ_CLOUD_HOSTILE: how many messages and requests (400); KVZ_CLOUD_FAULT_SEED: which.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { newHome } from '../helpers/command.js';
import { FAST_OPTIONS, newToken, rawFile, rawVideo, TestClient } from '../helpers/daemon.js';
import { DaemonProcess } from './helpers/daemon-process.js';
import {
    newTally,
    sendHostileMessages,
    sendHostileRequests,
    type Tally,
} from './helpers/hostile-clients.js';
import type { Target } from './helpers/hostile-requests.js';
import { testRandom } from './helpers/random.js';
import { floods, floodsHttp, neverReads, slowloris } from './helpers/sieges.js';
import { startSteadyClient, type SteadyReport } from './helpers/steady-client.js';

const SENDERS = 8;
const SLOW_CONNECTIONS = 200;
/** Of the daemon's process, whatever is sent to it, MiB. */
const MEMORY_LIMIT_MIB = 512;

const amount = Number(process.env['KVZ_CLOUD_HOSTILE'] || 400);

/** Resident memory of a process, now and at most so far, MiB. */
function memoryOf(pid: number): { nowMib: number; peakMib: number } {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mib = (name: string): number =>
        Math.round(Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024);
    return { nowMib: mib('VmRSS'), peakMib: mib('VmHWM') };
}

const tallyText = ({ sent, accepted, closed, errors }: Tally): object => ({
    ...{ sent, accepted, closed, ...Object.fromEntries(errors) },
});

/** The upload of a file that nobody else has. */
async function openUpload(client: TestClient): Promise<{ jobId: string; uploadId: string }> {
    const file = rawFile(rawVideo(256));
    const asked = await client.request({ type: 'encode.request', file, options: FAST_OPTIONS });
    const { jobId, upload } = asked as unknown as { jobId: string; upload: { id: string } };
    return { jobId, uploadId: upload.id };
}

const namesIn = (folder: string): string[] => readdirSync(folder, { recursive: true }).map(String);

it('hostile clients harm nobody', { timeout: 3_600_000 }, async () => {
    const random = testRandom('hostile-client');
    const home = await newHome();
    const { url } = home;
    writeFileSync(
        join(home.folder, 'config.json'),
        // Wrong tokens are tried all the time; that they are limited is tested elsewhere.
        JSON.stringify({ failedLoginsPerMinute: 1_000_000, logLevel: 'debug' }),
    );
    mkdirSync(join(home.folder, 'data'));
    const before = readdirSync(home.folder).sort();
    const daemon = new DaemonProcess(home.folder, home.env, Number(new URL(url).port));
    const running = daemon.spawn();
    await running.line((line) => line.includes('"msg":"daemon runs"'));

    const marker = `kvz-hostile-${random.seed}`;
    const tokens = Array.from({ length: SENDERS }, newToken);
    const [first = '', second = '', third = ''] = tokens;
    const steadyToken = newToken();
    const steady = await TestClient.connect(url, steadyToken);
    const kept = await openUpload(steady);
    const targets = await Promise.all(
        tokens.map(async (token): Promise<Target> => {
            const { uploadId } = await openUpload(await TestClient.connect(url, token));
            return { host: new URL(url).host, token, uploadId, marker };
        }),
    );
    const idle = memoryOf(running.pid);

    /** Runs an attack while the steady client asks. */
    const under = async (attack: () => Promise<void>): Promise<SteadyReport> => {
        const end = await startSteadyClient(url, steadyToken);
        await attack();
        return end();
    };

    /** As long as it takes somebody new to be served a number of times. */
    const visit = async (): Promise<void> => {
        const visitor = await TestClient.connect(url, newToken());
        for (let i = 0; i < Math.max(100, amount / 10); i += 1) {
            expect(await visitor.request({ type: 'jobs.list' })).toMatchObject({ type: 'jobs' });
        }
        visitor.close();
    };
    // What the machine and the visitor make of it without any attack.
    const quiet = await under(visit);

    const messages = newTally();
    const requests = newTally();
    const malformed = await under(async () => {
        const each = Math.ceil(amount / 2 / SENDERS);
        await Promise.all(
            targets.flatMap((target, index) => [
                sendHostileMessages(target, url, random.seed + index, each, messages),
                sendHostileRequests(target, url, random.seed + 100 + index, each, requests),
            ]),
        );
    });
    const afterMalformed = memoryOf(running.pid);

    const siege = await under(async () => {
        const ends = [
            slowloris(url, SLOW_CONNECTIONS),
            await neverReads(url, first),
            await floods(url, second),
            floodsHttp(url, third, 10),
        ];
        await visit();
        for (const end of ends) end();
    });
    const afterSiege = memoryOf(running.pid);

    process.stderr.write(
        `${JSON.stringify({
            messages: tallyText(messages),
            requests: tallyText(requests),
            ...{ quiet, malformed, siege },
            memory: { idle, afterMalformed, afterSiege },
        })}\n`,
    );
    expect(running.hasEnded).toBe(false);
    expect(messages.sent + requests.sent).toBeGreaterThanOrEqual(amount);
    for (const { errors } of [messages, requests]) expect(errors.get('INTERNAL')).toBeUndefined();
    for (const report of [quiet, malformed, siege]) {
        expect(report.asked).toBeGreaterThan(0);
        expect(report.wrong).toBe(0);
    }
    expect(afterSiege.peakMib).toBeLessThan(MEMORY_LIMIT_MIB);

    // Nobody else's work has changed, and nothing has a name of theirs.
    const job = await steady.request({ type: 'job.get', jobId: kept.jobId });
    expect(job).toMatchObject({ type: 'job', job: { state: 'uploading' } });
    expect(readdirSync(home.folder).sort()).toEqual(before);
    expect(namesIn(home.outputs)).toEqual([]);
    for (const folder of [home.folder, '/tmp']) {
        expect(readdirSync(folder).filter((name) => name.includes('kvz-hostile'))).toEqual([]);
    }
    expect(namesIn(daemon.dataDir).filter((name) => !/^[\w./-]{1,60}$/.test(name))).toEqual([]);
    expect(namesIn(daemon.dataDir).filter((name) => name.includes('hostile'))).toEqual([]);
    // Tokens are nowhere in the log.
    const log = [...running.output, ...running.messages].join('\n');
    expect(log).toContain('daemon runs');
    for (const token of [...tokens, steadyToken]) expect(log).not.toContain(token);

    expect(await daemon.stop()).toBe(0);
    const database = new Database(join(daemon.dataDir, 'kvz-cloud.db'), { readonly: true });
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
});
