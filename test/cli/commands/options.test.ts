import { describe, expect, it } from 'vitest';
import { runCommand } from '../../helpers/command.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const run = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(['options', ...args], {
        env: { ...process.env, KVZ_CLOUD_HOME: temporaryFolder() },
        cwd: temporaryFolder(),
    });

describe('options', () => {
    it('lists what a request may use, and needs no daemon for it', async () => {
        const { status, stdout } = await run();
        expect(status).toBe(0);
        expect(stdout).toMatch(/^Video structure$/m);
        expect(stdout).toMatch(/^ {2}-q, --qp N +Quantization parameter$/m);
        expect(stdout).not.toMatch(/--debug/);
    });

    it.each([
        ['qp', /0 to 51/],
        ['q', /--qp N/],
        ['sao', /off, band, edge, full/],
        ['debug', /refused/],
        ['threads', /set by kvz-cloud/],
    ])('describes %s', async (name, text) => {
        const { status, stdout } = await run(name);
        expect(status).toBe(0);
        expect(stdout).toMatch(text);
    });

    it('gives the same as JSON', async () => {
        const all = JSON.parse((await run('--json')).stdout) as { name: string }[];
        const qp = JSON.parse((await run('qp', '--json')).stdout) as unknown;
        expect(all.find(({ name }) => name === 'qp')).toEqual(qp);
    });

    it('does not know what kvazaar does not have', async () => {
        const { status, stderr } = await run('warp');
        expect(status).toBe(2);
        expect(stderr).toMatch(/warp/);
    });
});
