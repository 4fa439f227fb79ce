/** What programs can reach while they work on a job. */
import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, detectSandbox } from '../../src/encoder/index.js';
import { createLauncher } from '../../src/encoder/launcher.js';
import type { LauncherOptions } from '../../src/encoder/launcher.js';
import { startProcess } from '../../src/encoder/process.js';
import type { ProcessExit } from '../../src/encoder/process.js';
import { encodeClip } from './helpers/job.js';
import { programs, sharedClip, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const support = await detectSandbox();

/** Runs a shell script in the place of kvazaar. */
async function runScript(
    script: string,
    options: Partial<LauncherOptions> = {},
): Promise<ProcessExit> {
    const tools = join(await mkdtemp(join(folder, 'tools-')), 'bin');
    const workDir = await mkdtemp(join(folder, 'work-'));
    await mkdir(tools);
    const path = join(tools, 'kvazaar');
    await writeFile(path, `#!/bin/sh\n[ "$1" = --version ] && exit 0\n${script}\n`);
    await chmod(path, 0o755);
    const launcher = await createLauncher({
        programs: { ...programs, kvazaar: path },
        workDir,
        limits: DEFAULT_LIMITS,
        niceness: 0,
        sandbox: 'auto',
        ...options,
    });
    const spec = { program: 'kvazaar', path, args: [], stdout: 'collect' } as const;
    const running = await startProcess({ ...spec, reads: [join(folder, 'input')] }, launcher, {
        onLog: () => {},
        tell: (line) => line,
    });
    return running.exited;
}

describe.runIf(support.isAvailable)('in bubblewrap', () => {
    it('the input and the work folder are all that can be reached', async () => {
        await writeFile(join(folder, 'input'), 'the input');
        await writeFile(join(folder, 'secret'), 'a secret');
        const { output, exitCode } = await runScript(
            [
                `cat '${folder}/input'`,
                `cat '${folder}/secret' 2>/dev/null || echo; echo "no secret"`,
                `echo x >'${folder}/input' 2>/dev/null || echo "read only"`,
                `ls /home /root /etc/passwd 2>/dev/null`,
                `echo result >result && cat result`,
            ].join('\n'),
        );
        expect(exitCode).toBe(0);
        expect(output).toBe('the input\nno secret\nread only\nresult\n');
        expect(await readFile(join(folder, 'input'), 'utf8')).toBe('the input');
    });

    it('there is no network and no other process', async () => {
        const { output } = await runScript(
            `cat /proc/net/dev | grep -c : ; ls /proc | grep -c '^[0-9]' ; kill -0 ${process.pid} 2>/dev/null || echo "out of reach"`,
        );
        const [interfaces, processes, reach] = output.trim().split('\n');
        expect(interfaces).toBe('1');
        expect(Number(processes)).toBeLessThan(8);
        expect(reach).toBe('out of reach');
    });

    it('a death by signal is still told as one', async () => {
        expect(await runScript('kill -ABRT $$')).toMatchObject({
            exitCode: undefined,
            signal: 'SIGABRT',
        });
    });

    it('a real job says that it runs there', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const { events } = await encodeClip(folder, source);
        expect(events).toContainEqual({
            type: 'log',
            source: 'encoder',
            line: 'programs run in: bubblewrap',
        });
    });
});

describe('without a sandbox', () => {
    it('a real job runs and says so', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const { events, result } = await encodeClip(folder, source, {
            sandbox: 'off',
            niceness: 5,
        });
        expect(result.frames).toBe(10);
        expect(events).toContainEqual({
            type: 'log',
            source: 'encoder',
            line: 'programs run in: no sandbox (switched off)',
        });
    });

    it.runIf(process.platform === 'linux')('programs get little of us', async () => {
        process.env['KVZ_TEST_SECRET'] = 'a secret';
        const { output } = await runScript('env; ulimit -c; ulimit -v', {
            sandbox: 'off',
            limits: { memoryBytes: 2 ** 30 },
        });
        delete process.env['KVZ_TEST_SECRET'];
        expect(output).not.toContain('a secret');
        expect(output.trim().split('\n').slice(-2)).toEqual(['0', String(2 ** 20)]);
    });
});
