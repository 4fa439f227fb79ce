/** Users are told what a path is, not where it is. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pathTeller } from '../../src/encoder/told-paths.js';
import { encodeClip, encodeFails } from './helpers/job.js';
import { ffmpeg, programs, temporaryFolder } from './helpers/media.js';
import { fakeProgram } from './helpers/fake-program.js';

const folder = await temporaryFolder();

describe('paths of a job', () => {
    it('are told by what they are, also when one begins with another', () => {
        const tell = pathTeller({
            sourcePath: '/data/s',
            outputPath: '/data/s/out.mkv',
            workDir: '/data/s/out.mkv.work',
            logoPath: undefined,
        });
        expect(tell("file:/data/s: /data/s/out.mkv '/data/s/out.mkv.work/x.hevc'")).toBe(
            "file:<source>: <output> '<work>/x.hevc'",
        );
    });

    it('stand neither in the log of a success nor in what a failure tells', async () => {
        const source = join(folder, 'clip.mkv');
        await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=64x64:duration=0.2', source);
        const { events } = await encodeClip(folder, source, { logo: { enabled: true } });
        const lines = events.flatMap((event) => (event.type === 'log' ? [event.line] : []));
        expect(lines.filter((line) => line.includes('<source>'))).not.toEqual([]);
        expect(lines.filter((line) => line.includes(folder))).toEqual([]);

        await writeFile(join(folder, 'text.mp4'), 'no video');
        const noVideo = await encodeFails(folder, join(folder, 'text.mp4'));
        expect(noVideo.stderrTail).toContain('<source>: Invalid data');

        const failing = await fakeProgram(folder, 'mkvmerge', 'echo "Error: $3"\nexit 2');
        const error = await encodeFails(folder, source, {
            sandbox: 'off',
            programs: { ...programs, mkvmerge: failing },
        });
        expect(error).toMatchObject({ program: 'mkvmerge', exitCode: 2 });
        expect(error.stderrTail).toContain('<work>/result.mkv');
        expect(`${error.message} ${error.hint} ${error.stderrTail}`).not.toContain(folder);
    });
});
