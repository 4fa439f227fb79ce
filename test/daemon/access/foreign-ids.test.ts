/** What is another user's looks exactly like what is not there, over WebSocket and HTTP. */
import { describe, expect, it } from 'vitest';
import { CLIENT_EXAMPLES } from '../../../scripts/protocol-doc/examples.js';
import { resolveSettings } from '../../../src/config/settings.js';
import { addRoutes, createApp } from '../../../src/daemon/app.js';
import { newId } from '../../../src/daemon/ids.js';
import type { RunningDaemon } from '../../../src/daemon/daemon.js';
import { clientMessages } from '../../../src/protocol/messages.js';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    startTestDaemon,
    TestClient,
} from '../../helpers/daemon.js';
import { askForJob, finishJob } from '../../helpers/jobs.js';
import { temporaryFolder } from '../../helpers/temporary.js';

/** Fields of messages that name something of a user. */
const ID_FIELDS = ['jobId', 'before', 'challenge', 'proof'] as const;
/** Fields that do not, of all messages; a new field has to be put on one of the two lists. */
const OTHER_FIELDS = new Set([
    ...['type', 'id', 'protocol', 'token', 'client', 'resumeFrom', 'file', 'options', 'priority'],
    ...['raw', 'limit', 'name', 'role', 'expiresInSeconds', 'all', 'reason', 'state', 'states'],
]);

interface Scene {
    daemon: RunningDaemon;
    jobId: string;
    uploadId: string;
    challengeId: string;
    bytes: Buffer;
    stranger: TestClient;
    strangerToken: string;
}

/** Anna has a finished job, an open upload and an open challenge. */
async function scene(): Promise<Scene> {
    const daemon = await startTestDaemon();
    const { url } = daemon;
    const strangerToken = newToken();
    const bytes = rawVideo(256);
    const first = await finishJob(daemon, bytes);
    const open = await askForJob(daemon, rawVideo(256), {
        ...{ client: first.client, token: first.token },
    });
    const ben = await TestClient.connect(url, newToken());
    const asked = await ben.request(first.request);
    return {
        ...{ daemon, bytes, strangerToken },
        jobId: first.jobId,
        uploadId: open.uploadId,
        challengeId: (asked['challenge'] as { id: string }).id,
        stranger: await TestClient.connect(url, strangerToken),
    };
}

describe('a foreign id looks like an unknown one', () => {
    it('in every message', async () => {
        const { stranger, jobId, challengeId } = await scene();
        for (const { shape } of Object.values(clientMessages)) {
            for (const field of Object.keys(shape)) {
                const isKnown = OTHER_FIELDS.has(field) || ID_FIELDS.some((each) => each === field);
                expect([field, isKnown]).toEqual([field, true]);
            }
        }
        const ask = async (example: object, ids: Record<string, string>): Promise<string> => {
            const { id: _, ...rest } = example as Record<string, unknown>;
            const named = Object.fromEntries(
                Object.entries(rest).map(([key, value]) => [key, ids[key] ?? value]),
            );
            const { re: __, ...answer } = (await stranger.request(named)) as unknown as Record<
                string,
                unknown
            >;
            let text = JSON.stringify(answer);
            for (const id of Object.values(ids)) text = text.replaceAll(id, 'ID');
            return text;
        };
        let compared = 0;
        for (const example of Object.values(CLIENT_EXAMPLES)) {
            const fields = Object.keys(example);
            // A list is asked for after a job that is not the user's.
            const isList = example.type === 'jobs.list';
            if (!isList && !ID_FIELDS.some((field) => fields.includes(field))) continue;
            const whole = isList ? { ...example, before: '' } : example;
            const foreign = { jobId, before: jobId, challenge: challengeId };
            const unknown = { jobId: newId(), before: newId(), challenge: newId() };
            expect(await ask(whole, foreign)).toBe(await ask(whole, unknown));
            compared += 1;
        }
        expect(compared).toBeGreaterThanOrEqual(9);
    });

    it('at every address', async () => {
        const { daemon, jobId, uploadId, strangerToken } = await scene();
        const settings = resolveSettings({}, { KVZ_CLOUD_HOME: temporaryFolder() }).values;
        const app = createApp({ ...settings, logLevel: 'silent' }, undefined);
        const routes: { method: string; url: string }[] = [];
        app.addHook('onRoute', ({ method, url }) => {
            for (const each of [method].flat()) routes.push({ method: each, url });
        });
        await addRoutes(app, daemon.context);
        await app.close();
        expect(routes.length).toBeGreaterThanOrEqual(5);

        const ask = async (method: string, path: string, id: string): Promise<unknown> => {
            const query = new URLSearchParams({
                ...{ resumableIdentifier: id, resumableChunkNumber: '1' },
                ...{ resumableChunkSize: '1048576', resumableTotalSize: '1572864' },
            });
            const address = path.replace(/:\w+/, id);
            const response = await fetch(`${daemon.url}${address}?${query.toString()}`, {
                method,
                headers: {
                    authorization: `Bearer ${strangerToken}`,
                    'content-type': 'application/octet-stream',
                },
                ...(method === 'POST' && { body: Buffer.alloc(1024 * 1024) }),
            });
            const headers = Object.fromEntries(response.headers);
            delete headers['date'];
            const text = (await response.text()).replaceAll(id, 'ID');
            return { status: response.status, headers, text };
        };
        for (const { method, url } of routes) {
            const foreign = await ask(method, url, url.includes('/upload') ? uploadId : jobId);
            // What is for worker machines is closed to users, whatever they ask for.
            const status = url.startsWith('/worker') ? 403 : 404;
            expect(foreign).toMatchObject({ status });
            expect(foreign).toEqual(await ask(method, url, newId()));
        }
    });

    it('in the handshake: a file of others is asked for like one that nobody has sent', async () => {
        const { daemon, bytes } = await scene();
        const known = rawFile(bytes);
        const walk = async (file: Record<string, unknown>): Promise<unknown[]> => {
            const stranger = await TestClient.connect(daemon.url, newToken());
            const first = await stranger.request({
                ...{ type: 'encode.request', file, options: FAST_OPTIONS },
            });
            const { id, leaves } = first['challenge'] as { id: string; leaves: number[] };
            const proof = 'ab'.repeat(32);
            const second = await stranger.request({ type: 'encode.prove', challenge: id, proof });
            const { received } = second['upload'] as { received: unknown };
            return [first['status'], leaves.length, second['status'], received];
        };
        const unknownFile = rawFile(rawVideo(256));
        const wrongSize = bytes.length + 64 * 64 * 1.5 * 1000;
        expect(await walk(known)).toEqual(await walk(unknownFile));
        // An id with a size that is not its file's must not tell that the file is here either.
        expect(await walk({ ...known, size: wrongSize, name: 'b' })).toEqual(
            await walk({ ...rawFile(rawVideo(256)), size: wrongSize }),
        );
    });
});
