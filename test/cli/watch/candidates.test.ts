import { describe, expect, it } from 'vitest';
import { Candidates } from '../../../src/cli/watch/candidates.js';

const ROOT = '/media/in';

function candidates(
    options: Partial<ConstructorParameters<typeof Candidates>[0]> = {},
): Candidates {
    return new Candidates({ root: ROOT, recursive: true, raw: false, apart: [], ...options });
}

const takes = (name: string, siblings: string[] = [], given = candidates()): boolean =>
    given.takesFile(`${ROOT}/${name}`, new Set([name, ...siblings]));

describe('files', () => {
    it.each(['clip.mp4', 'CLIP.MOV', 'a b.mkv', 'clip.hevc', 'x.y4m', 'part.mp4', 'clip.tmp.mkv'])(
        '%s is taken',
        (name) => {
            expect(takes(name)).toBe(true);
        },
    );

    it.each([
        ...[
            'notes.txt',
            'clip',
            '.clip.mp4',
            '~clip.mp4',
            '#clip.mp4',
            'clip.mp4~',
            'clip.mp4.part',
        ],
        ...['clip.mp4.crdownload', 'clip.mp4.tmp', 'clip.mp4.!qB', 'clip.yuv'],
        ...['clip.hevc.mkv', 'Clip.HEVC.mp4', 'clip.hevc.hevc'],
    ])('%s is not', (name) => {
        expect(takes(name)).toBe(false);
    });

    it('beside which a download has its own are not', () => {
        expect(takes('clip.mp4', ['clip.mp4.aria2'])).toBe(false);
        expect(takes('clip.mp4', ['other.mp4.aria2'])).toBe(true);
    });

    it('may be chosen by a glob, which never brings in what is not finished', () => {
        const names = candidates({ match: '*.{mov,dat}' });
        expect(takes('clip.MOV', [], names)).toBe(true);
        expect(takes('day/clip.dat', [], names)).toBe(true);
        expect(takes('clip.mp4', [], names)).toBe(false);
        const everything = candidates({ match: '*' });
        expect(takes('notes.txt', [], everything)).toBe(true);
        expect(takes('clip.mp4.part', [], everything)).toBe(false);
        expect(takes('clip.hevc.mkv', [], everything)).toBe(false);
        const paths = candidates({ match: 'cam*/**/*.mp4' });
        expect(takes('cam1/day/clip.mp4', [], paths)).toBe(true);
        expect(takes('other/clip.mp4', [], paths)).toBe(false);
    });
});

describe('folders', () => {
    it('are looked into when that is wanted, but those of the watch', () => {
        const apart = [`${ROOT}/out`, `${ROOT}/a/done`];
        const deep = candidates({ apart });
        expect(deep.takesFolder(ROOT)).toBe(true);
        expect(deep.takesFolder(`${ROOT}/a`)).toBe(true);
        expect(deep.takesFolder(`${ROOT}/output`)).toBe(true);
        expect(deep.takesFolder(`${ROOT}/out`)).toBe(false);
        expect(deep.takesFolder(`${ROOT}/out/deeper`)).toBe(false);
        expect(deep.takesFolder(`${ROOT}/a/done`)).toBe(false);
        expect(deep.takesFolder(`${ROOT}/.trash/x`)).toBe(false);
        expect(deep.takesFolder('/media/elsewhere')).toBe(false);
        expect(candidates({ recursive: false }).takesFolder(`${ROOT}/a`)).toBe(false);
        // Results beside the inputs do not take the folder away.
        expect(candidates({ apart: [ROOT] }).takesFolder(ROOT)).toBe(true);
    });
});
