/** The examples of docs/ENCODER.md, in a package that depends on this one. */
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ffmpeg } from '../encoder/helpers/media.js';
import {
    buildExamples,
    dependentPackage,
    documentedExamples,
} from '../helpers/dependent-package.js';

const execute = promisify(execFile);

it('the documented examples are well typed and run', async () => {
    const examples = documentedExamples('docs/ENCODER.md');
    expect(examples).toHaveLength(2);
    const folder = dependentPackage();
    await buildExamples(folder, examples);
    await ffmpeg(
        ...['-f', 'lavfi', '-i', 'testsrc2=size=128x96:rate=25:duration=0.4'],
        ...['-c:v', 'libx264', '-pix_fmt', 'yuv420p', join(folder, 'clip.mp4')],
    );
    const run = async (i: number): Promise<string> => {
        const script = join(folder, `built/${i}.js`);
        const { stdout, stderr } = await execute(process.execPath, [script], { cwd: folder });
        expect(stderr).toBe('');
        return stdout;
    };

    expect(await run(0)).toMatch(
        /^128x96 h264, 10 frames\nprobing\nencoding\n(?:\d+ of 10 frames\n)*packaging\n10 frames, \d+\.\d dB, \d+ bytes\n$/,
    );
    expect(statSync(join(folder, 'clip.hevc.mkv')).size).toBeGreaterThan(1000);

    expect(await run(1)).toMatch(
        /^OPTION_CONFLICT: --period 33: must be .*--gop is 8.*\nCANCELLED: cancelled\n$/,
    );
    expect(existsSync(join(folder, 'never.mkv'))).toBe(false);
});
