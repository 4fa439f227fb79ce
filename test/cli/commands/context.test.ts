/** Named daemons, and what goes before what. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificates } from '../../helpers/certificates.js';
import { startTestDaemon } from '../../helpers/daemon.js';
import { FakeDaemon } from '../helpers/fake-daemon.js';
import { PROGRAM, runCli } from '../helpers/run-cli.js';
import type { CliResult } from '../helpers/run-cli.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const TOKEN = 'token-of-the-lab-1234';
const OTHER_TOKEN = 'token-of-others-1234';
const NOWHERE = 'http://127.0.0.1:9';

let home: string;
let daemon: FakeDaemon;

beforeEach(async () => {
    home = temporaryFolder();
    daemon = await new FakeDaemon({ token: TOKEN }).listen();
});
afterEach(() => daemon.close());

const run = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> =>
    runCli(args, {
        cwd: home,
        home,
        server: '',
        env: { KVZ_CLOUD_TOKEN: '', KVZ_CLOUD_CONTEXT: '', ...env },
    });

function tokenFile(token: string): string {
    const path = join(home, `${token}.txt`);
    writeFileSync(path, `${token}\n`);
    return path;
}

async function add(name: string, server: string, token?: string): Promise<CliResult> {
    const file = token === undefined ? [] : ['--token-file', tokenFile(token)];
    return run(['context', 'add', name, '--server', server, ...file]);
}

const jobs = async (args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<unknown> => {
    const { status, stdout, stderr } = await run(['jobs', '--json', ...args], env);
    return status === 0 ? (JSON.parse(stdout) as unknown) : { status, stderr };
};

describe('contexts', () => {
    it('lead to a daemon with its own token', async () => {
        expect(await add('lab', daemon.url, TOKEN)).toMatchObject({ status: 0, stdout: '' });
        expect(await jobs(['--context', 'lab'])).toEqual([]);
        expect(await jobs([], { KVZ_CLOUD_CONTEXT: 'lab' })).toEqual([]);
        expect(await jobs()).toMatchObject({ status: 4 });
        expect(await run(['context', 'use', 'lab'])).toMatchObject({ status: 0 });
        expect(await jobs()).toEqual([]);
        expect(await run(['context', 'use', 'default'])).toMatchObject({ status: 0 });
        expect(await jobs()).toMatchObject({ status: 4 });
    });

    it('are found before the settings and after the options and the environment', async () => {
        await add('lab', daemon.url, TOKEN);
        await add('other', NOWHERE);
        await run(['context', 'use', 'other']);
        writeFileSync(join(home, 'config.json'), JSON.stringify({ server: 'http://127.0.0.1:8' }));
        const server = async (args: string[], env?: NodeJS.ProcessEnv): Promise<unknown> => {
            const { stdout } = await run(['config', 'list', '--json', ...args], env);
            const { settings } = JSON.parse(stdout) as { settings: { server: unknown } };
            return settings.server;
        };
        const url = daemon.url;
        const environment = { KVZ_CLOUD_SERVER: 'http://127.0.0.1:7' };
        expect(await server([])).toEqual({ value: NOWHERE, source: 'context' });
        expect(await server([], { KVZ_CLOUD_CONTEXT: 'lab' })).toEqual({
            value: url,
            source: 'context',
        });
        expect(await server([], { ...environment, KVZ_CLOUD_CONTEXT: 'lab' })).toEqual({
            value: environment.KVZ_CLOUD_SERVER,
            source: 'environment',
        });
        expect(await server(['--context', 'lab'], environment)).toEqual({
            value: url,
            source: 'context',
        });
        expect(await server([], { KVZ_CLOUD_CONTEXT: 'default' })).toEqual({
            value: 'http://127.0.0.1:8',
            source: 'file',
        });
        expect(await jobs(['--context', 'lab', '--server', url])).toMatchObject({ status: 2 });
    });

    it('never give their token to another address', async () => {
        await add('lab', NOWHERE, TOKEN);
        await run(['context', 'use', 'lab']);
        expect(await jobs(['--server', daemon.url])).toMatchObject({ status: 4 });
        const init = daemon.received.find(({ type }) => type === 'init');
        expect(init).toMatchObject({ token: expect.not.stringContaining(TOKEN) as string });
    });

    it('take KVZ_CLOUD_TOKEN before their own, unless named by an option', async () => {
        await add('lab', daemon.url, OTHER_TOKEN);
        const env = { KVZ_CLOUD_TOKEN: TOKEN };
        expect(await jobs([], { ...env, KVZ_CLOUD_CONTEXT: 'lab' })).toEqual([]);
        expect(await jobs(['--context', 'lab'], env)).toMatchObject({ status: 4 });
    });

    it('keep a token from stdin where only its owner reads it, until they are removed', async () => {
        const child = spawn(
            process.execPath,
            [PROGRAM, 'context', 'add', 'lab', '--server', daemon.url, '--token-file', '-'],
            { env: { ...process.env, KVZ_CLOUD_HOME: home }, stdio: ['pipe', 'ignore', 'pipe'] },
        );
        child.stdin.end(`${TOKEN}\n`);
        expect(await text(child.stderr)).toContain('context lab is');
        const kept = join(home, 'tokens', 'lab');
        expect(statSync(kept).mode & 0o777).toBe(0o600);
        expect(statSync(join(home, 'contexts.json')).mode & 0o777).toBe(0o600);
        expect(await jobs(['--context', 'lab'])).toEqual([]);
        await run(['context', 'use', 'lab']);
        expect((await run(['context', '--json'])).stdout).toContain('"active": true');
        expect(await run(['context', 'remove', 'lab'])).toMatchObject({ status: 0 });
        expect(existsSync(kept)).toBe(false);
        expect(JSON.parse((await run(['context', 'list', '--json'])).stdout)).toEqual([]);
        expect(await jobs()).toMatchObject({ status: 4 });
    });

    it.each([
        [['add', 'default', '--server', NOWHERE], 'stands for no context'],
        [['add', 'a/b', '--server', NOWHERE], 'expected at most 64 letters'],
        [['add', 'lab', '--server', 'lab'], 'expected http://HOST:PORT'],
        [['add', 'lab', '--server', NOWHERE, '--token-file', '/no/file'], 'no such file'],
        [['add', 'lab', '--server', NOWHERE, '--ca', 'ca.pem'], 'has no certificate; use https'],
        [['add', 'lab', '--server', 'https://a', '--ca', '/no/ca.pem'], 'no such file'],
        [['add', 'lab', '--server', 'https://a', '--ca', PROGRAM], 'holds no certificate'],
        [['add', 'lab'], "required option '--server <url>' not specified"],
        [['use', 'lab'], 'there is no context "lab"; "kvz-cloud context add lab'],
        [['remove', 'lab'], 'there is no context "lab"'],
        [['lsit'], 'context has no command "lsit"; did you mean "list"?'],
    ])('%j is a usage error', async (args, message) => {
        const { status, stdout, stderr } = await run(['context', ...args]);
        expect(stderr).toContain(message);
        expect(stderr).toMatch(/^kvz-cloud: [^\n]+\n$/);
        expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    });

    it('trust an authority of their own, each for its own daemon', async () => {
        const [one, two] = [makeCertificates(), makeCertificates()];
        const { url } = await startTestDaemon({ tlsCert: one.cert, tlsKey: one.key });
        const { url: other } = await startTestDaemon({ tlsCert: two.cert, tlsKey: two.key });
        copyFileSync(one.ca, join(home, 'studio.pem'));
        const key = ['--token-file', tokenFile(TOKEN)];
        await run(['context', 'add', 'studio', '--server', url, '--ca', 'studio.pem', ...key]);
        await run(['context', 'add', 'lab', '--server', other, '--ca', two.ca, ...key]);
        await run(['context', 'add', 'wrong', '--server', other, '--ca', one.ca, ...key]);
        expect(await jobs(['--context', 'studio'])).toEqual([]);
        const env = { KVZ_CLOUD_TLS_CA: one.ca };
        expect(await jobs(['--context', 'lab'])).toEqual([]);
        expect(await jobs([], { ...env, KVZ_CLOUD_CONTEXT: 'lab' })).toEqual([]);
        const refused = {
            status: 4,
            stderr: expect.stringContaining('authority is not known here') as string,
        };
        expect(await jobs(['--context', 'wrong'])).toEqual(refused);
        await run(['context', 'use', 'studio']);
        expect(await jobs()).toEqual([]);
        // What is not a context's address is not for its authority to vouch for.
        expect(await jobs(['--server', url])).toEqual(refused);
        expect(JSON.parse((await run(['context', 'list', '--json'])).stdout)).toMatchObject([
            { name: 'studio', caFile: join(home, 'studio.pem') },
            { name: 'lab', caFile: two.ca },
            { name: 'wrong', caFile: one.ca },
        ]);
        rmSync(join(home, 'studio.pem'));
        expect(await jobs()).toMatchObject({
            status: 2,
            stderr: expect.stringMatching(
                /context "studio": \S+studio\.pem: no such file/,
            ) as string,
        });
    });

    it('are not replaced by accident', async () => {
        await add('lab', NOWHERE);
        expect(await add('lab', daemon.url)).toMatchObject({ status: 2 });
        const force = ['--force', '--use', '--token-file', tokenFile(TOKEN)];
        await run(['context', 'add', 'lab', '--server', daemon.url, ...force]);
        expect(await jobs()).toEqual([]);
    });

    it('say so when nobody answers, and start nothing', async () => {
        await add('tunnel', NOWHERE);
        writeFileSync(join(home, 'clip.yuv'), 'x');
        const { status, stderr } = await run(['encode', 'clip.yuv', '--context', 'tunnel']);
        expect({ status, stderr }).toEqual({
            status: 4,
            stderr: expect.stringMatching(
                /no daemon answers at \S+:9 \(context tunnel\)/,
            ) as string,
        });
        expect(existsSync(join(home, 'data'))).toBe(false);
    });
});

describe('a daemon of another version', () => {
    it('that speaks another protocol is named, with what to do', async () => {
        daemon.answer = (message) =>
            message.type === 'init'
                ? {
                      type: 'error',
                      re: message.id,
                      code: 'PROTOCOL_MISMATCH',
                      message: 'this daemon (9.0.0) speaks protocol 9, not 1',
                  }
                : undefined;
        const { status, stderr } = await run(['jobs', '--server', daemon.url], {
            KVZ_CLOUD_TOKEN: TOKEN,
        });
        expect(status).toBe(4);
        expect(stderr).toMatch(/kvz-cloud \S+, protocol 1\) and the daemon at http:\S+ do not/);
        expect(stderr).toContain('this daemon (9.0.0) speaks protocol 9');
        expect(stderr).toContain('install the same version on both sides and restart the daemon');
    });
});
