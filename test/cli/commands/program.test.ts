/** The command line as such. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Command } from 'commander';
import { documentedProgram } from '../../../scripts/cli-doc/generate.js';
import { VERSION } from '../../../src/config/version.js';
import { runCli, startCli } from '../helpers/run-cli.js';
import type { CliOptions, CliResult } from '../helpers/run-cli.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const COMMANDS = [
    'encode',
    'jobs',
    'job',
    'wait',
    'logs',
    'cancel',
    'retry',
    'download',
    'remove',
    'daemon',
    'doctor',
    'config',
    'context',
    'completion',
    'man',
    'top',
];

function context(): CliOptions {
    return { cwd: temporaryFolder(), home: temporaryFolder(), server: 'http://127.0.0.1:9' };
}

const run = (...args: string[]): Promise<CliResult> => runCli(args, context());

describe('the command line', () => {
    it('says its version', async () => {
        expect(await run('--version')).toEqual({ status: 0, stdout: `${VERSION}\n`, stderr: '' });
    });

    it('lists its commands', async () => {
        const { status, stdout } = await run('--help');
        expect(status).toBe(0);
        for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    });

    it.each(COMMANDS)('%s has a help with examples', async (name) => {
        const { status, stdout } = await run(name, '--help');
        expect(status).toBe(0);
        expect(stdout).toContain(`Usage: kvz-cloud ${name}`);
        expect(stdout).toContain('Examples:\n  ');
    });

    it('has examples for every command', () => {
        const program = documentedProgram();
        const withoutExamples: string[] = [];
        const look = (command: Command, name: string): void => {
            for (const each of command.commands) look(each, `${name} ${each.name()}`);
            let help = '';
            command.configureOutput({ writeOut: (text) => (help += text) });
            command.outputHelp();
            if (!help.includes('Examples:\n  ')) withoutExamples.push(name);
        };
        look(program, 'kvz-cloud');
        expect(withoutExamples).toEqual([]);
    });

    it.each([
        [['encoed', 'x'], "unknown command 'encoed' (Did you mean encode?)"],
        [['jobs', '--jsno'], "unknown option '--jsno' (Did you mean --json?)"],
        [['job'], `missing required argument 'id'; "kvz-cloud job --help" tells more`],
        [['options', 'sap'], 'kvazaar has no option sap; did you mean sao?'],
        [['jobs', '-n', 'many'], 'expected a whole number of at least 1'],
        [['jobs', '--', 'x'], 'only "encode" and "watch" take something after "--"'],
        [['help', 'encoed'], "unknown command 'encoed' (Did you mean encode?)"],
        [['encoed', '--help'], "unknown command 'encoed' (Did you mean encode?)"],
        [['--server', 'http://a:1', 'jobs'], 'kvz-cloud COMMAND --server'],
        [['encode', 'a.mp4', '--qp', '20'], "kvazaar's own options go after --"],
        [['daemon', 'start', '--workers', 'x'], '--workers "x": expected a whole number'],
        [['watch', 'nowhere', '-o', 'out'], 'nowhere: no such folder'],
        [['worker'], 'no queue: give the one of the daemon with --queue redis://…'],
        [
            ['worker', '--queue', 'redis://lab/0', '--shared-results'],
            '--shared-results: say where with --shared-dir FOLDER',
        ],
        [['jobs', '--server', 'nonsense'], '--server "nonsense": expected http://HOST:PORT'],
    ])('%j is a usage error in one line', async (args, message) => {
        const { status, stdout, stderr } = await run(...args);
        expect(stderr).toContain(message);
        expect(stderr).toMatch(/^kvz-cloud: [^\n]+\n$/);
        expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    });

    it('shows its help as an error when nothing is asked for', async () => {
        const { status, stdout, stderr } = await run();
        expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
        expect(stderr).toContain('Usage: kvz-cloud');
    });
});

describe('config', () => {
    it('shows each setting and where it comes from', async () => {
        const options = context();
        writeFileSync(join(options.home, 'config.json'), '{ "workers": 3 }');
        const { status, stdout } = await runCli(['config', '--json'], options);
        expect(status).toBe(0);
        expect(JSON.parse(stdout)).toMatchObject({
            settings: {
                workers: { value: 3, source: 'file' },
                server: { value: 'http://127.0.0.1:9', source: 'environment' },
                host: { value: '127.0.0.1', source: 'default' },
            },
            paths: { settingsFile: join(options.home, 'config.json') },
        });
        const table = await runCli(['config'], options);
        expect(table.stdout).toMatch(/^workers +3 +file +jobs that run at the same time/m);
    });

    it('changes the settings file, and says when something else goes before it', async () => {
        const options = context();
        const config = async (...args: string[]): Promise<string> => {
            const { stdout, stderr } = await runCli(['config', ...args], options);
            return stdout + stderr;
        };
        expect(await config('set', 'workers', '2')).toBe(
            'kvz-cloud: workers is 2 (a running daemon learns of it at its next start)\n',
        );
        await config('set', 'rawBytes', '10G');
        const path = join(options.home, 'config.json');
        expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ workers: 2, rawBytes: '10G' });
        expect(statSync(path).mode & 0o777).toBe(0o600);
        expect(await config('get', 'rawBytes')).toBe('10000000000\n');
        expect(await config('set', 'server', 'http://there:1')).toBe(
            'kvz-cloud: server is http://127.0.0.1:9, by environment\n',
        );
        expect(await config('unset', 'workers')).toMatch(/^kvz-cloud: workers is 5, by default/);
        expect(await config('set', 'workers', 'many')).toMatch(/workers "many": expected a whole/);
        expect(await config('get', 'wrokers')).toMatch(
            /unknown setting "wrokers"; did you mean "workers"/,
        );
        expect(await config('sett')).toMatch(/config has no command "sett"; did you mean "set"/);
        expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ rawBytes: '10G' });
    });

    it('takes lists as text or JSON, and shows them', async () => {
        const options = context();
        const config = async (...args: string[]): Promise<string> => {
            const { stdout, stderr } = await runCli(['config', ...args], options);
            return stdout + stderr;
        };
        expect(await config('set', 'publicHosts', 'a.example,b.example')).toContain(
            'publicHosts is a.example, b.example (a running',
        );
        expect(await config('list')).toMatch(/^publicHosts +a\.example, b\.example +file/m);
        await config('set', 'publicHosts', '["c.example"]');
        expect(await config('get', 'publicHosts')).toBe('["c.example"]\n');
        expect(await config('set', 'publicHosts', '["c.example"')).toContain('is not valid JSON');
        expect(await config('unset', 'publicHosts')).toContain('publicHosts is none, by default');
    });

    it('lists no secret, and prints the one that is asked for', async () => {
        const options = context();
        const secrets = {
            queue: 'redis://user:the-password@lab/0',
            metricsToken: 'a-token-of-some-length',
            webhookUrls: ['https://hooks.example/the-key?key=the-query'],
        };
        writeFileSync(join(options.home, 'config.json'), JSON.stringify(secrets));
        const run = (...args: string[]): Promise<CliResult> => runCli(['config', ...args], options);
        for (const args of [['list'], ['list', '--json']]) {
            const { stdout } = await run(...args);
            expect(stdout).toContain('(not shown)');
            expect(stdout).toContain('https://hooks.example');
            expect(stdout).not.toMatch(/the-password|a-token|the-key|the-query/);
        }
        expect((await run('get', 'queue')).stdout).toBe(`${secrets.queue}\n`);
        expect((await run('get', 'metricsToken')).stdout).toBe(`${secrets.metricsToken}\n`);
        expect((await run('get', 'webhookUrls')).stdout).toBe(
            `${JSON.stringify(secrets.webhookUrls)}\n`,
        );
    });

    it('takes a secret from a file or stdin, not from the command line', async () => {
        const options = context();
        const secret = 'a-secret-of-some-length';
        const file = join(options.cwd, 'secret');
        writeFileSync(file, `${secret}\n`);
        const stored = (): unknown =>
            JSON.parse(readFileSync(join(options.home, 'config.json'), 'utf8'));
        const set = (...args: string[]): Promise<CliResult> =>
            runCli(['config', 'set', ...args], options);
        for (const args of [
            ['metricsToken', secret],
            ['webhookSecret', secret],
            ['queue', 'redis://user:password@lab/0'],
        ]) {
            const refused = await set(...args);
            expect(refused.status).toBe(2);
            expect(refused.stderr).toContain(`config set ${args[0]} --from FILE`);
            expect(refused.stderr).not.toContain(args[1]);
        }
        const done = await set('metricsToken', '--from', file);
        expect(done).toMatchObject({ status: 0, stdout: '' });
        expect(done.stderr).not.toContain(secret);
        const child = startCli(['config', 'set', 'webhookSecret', '--from', '-'], options);
        child.child.stdin?.end(secret);
        expect((await child.result).status).toBe(0);
        expect(stored()).toEqual({ metricsToken: secret, webhookSecret: secret });
        expect((await set('workers')).stderr).toContain('workers needs a value');
        expect((await set('workers', '2', '--from', file)).stderr).toContain('given twice');
        expect((await set('workers', '--from', '/no/such/file')).stderr).toContain('/no/such/file');
        expect(await set('queue', 'redis://lab/0')).toMatchObject({ status: 0 });
    });

    it('names what is wrong with the settings file', async () => {
        const options = context();
        writeFileSync(join(options.home, 'config.json'), '{ "wrokers": 3 }');
        const { status, stderr } = await runCli(['config'], options);
        expect(status).toBe(2);
        expect(stderr).toContain('unknown setting "wrokers"');
    });
});

describe('man', () => {
    // Images of containers have a stub that only says what it is not.
    const { stdout: told } = spawnSync('man', ['--version'], { encoding: 'utf8' });
    it.skipIf(!/^man \d/.test(told ?? ''))('shows the manual page', async () => {
        const options = context();
        // In a pipe man shows the page as text, without a pager.
        const { status, stdout } = await runCli(['man'], { ...options, env: { MANWIDTH: '90' } });
        expect(status).toBe(0);
        const page = stdout.replaceAll(new RegExp(`.${String.fromCharCode(8)}`, 'g'), '');
        expect(page).toContain('kvz-cloud encode FILE... [options] [-- KVAZAAR OPTIONS]');
    });

    it('tells where the page is, and what to read without man', async () => {
        const { stdout } = await run('man', '--path');
        expect(readFileSync(stdout.trim(), 'utf8')).toMatch(/^\.TH .KVZ-CLOUD/m);
        const { status, stderr } = await runCli(['man'], { ...context(), env: { PATH: '' } });
        expect(status).toBe(1);
        const text = /; (.*CLI\.md) has the same text/.exec(stderr)?.[1] ?? '';
        expect(existsSync(text)).toBe(true);
    });
});

describe('doctor', () => {
    it('names a program that is not where it should be', async () => {
        const options = context();
        const { status, stdout } = await runCli(['doctor'], {
            ...options,
            env: { KVZ_CLOUD_KVAZAAR: '/no/such/kvazaar' },
        });
        expect(status).toBe(1);
        expect(stdout).toMatch(/^bad +kvazaar +KVZ_CLOUD_KVAZAAR names \/no\/such\/kvazaar/m);
        expect(stdout).toMatch(/^ok +node +/m);
        expect(stdout).toMatch(/^note +daemon +none runs at/m);
    });

    it('tells of broken settings, and of all that does not depend on them', async () => {
        const options = context();
        writeFileSync(join(options.home, 'config.json'), '{ "workers": "many" }');
        const { status, stdout, stderr } = await runCli(['doctor'], options);
        expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
        expect(stdout).toMatch(/^bad +settings +.*config\.json: workers "many": expected a whole/m);
        expect(stdout).toMatch(/^ok +node +/m);
        expect(stdout).toMatch(/^\w+ +ffmpeg +/m);
        expect(stdout).not.toMatch(/^\w+ +daemon/m);
    });

    it('gives one JSON document, and starts nothing', async () => {
        const options = context();
        const { stdout } = await runCli(['doctor', '--json'], options);
        const report = JSON.parse(stdout) as { ok: boolean; checks: { name: string }[] };
        expect(report.checks.map(({ name }) => name)).toEqual(
            expect.arrayContaining(['node', 'ffmpeg', 'ffprobe', 'kvazaar', 'mkvmerge', 'disk']),
        );
        expect(existsSync(join(options.home, 'data'))).toBe(false);
        expect(readdirSync(options.cwd)).toEqual([]);
    });
});
