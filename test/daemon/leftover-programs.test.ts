import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { endLeftoverPrograms } from '../../src/daemon/leftover-programs.js';
import { temporaryFolder } from '../helpers/temporary.js';

/** A process that looks like one that bubblewrap left, or like another program. */
async function start(program: string, argument: string): Promise<{ ended: Promise<unknown[]> }> {
    const script = 'process.stdout.write("up"); setInterval(() => undefined, 1000)';
    const child = spawn(process.execPath, ['-e', script, argument], {
        argv0: program,
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    return { ended };
}

it.runIf(process.platform === 'linux')(
    'ends what an earlier daemon left in its work folder, and nothing else',
    async () => {
        const work = join(temporaryFolder(), 'work');
        const left = await start('/usr/bin/bwrap', join(work, 'job-1'));
        await start('/usr/bin/bwrap', `${work}-of-another-daemon/job-1`);
        await start('/usr/bin/editor', join(work, 'job-1'));
        expect(await endLeftoverPrograms(work)).toBe(1);
        expect(await left.ended).toEqual([null, 'SIGKILL']);
        expect(await endLeftoverPrograms(work)).toBe(0);
    },
);
