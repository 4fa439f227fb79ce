import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listInputs, mirroredFolder } from '../../src/client/input-list.js';
import type { InputOptions } from '../../src/client/input-list.js';
import { temporaryFolder } from '../helpers/temporary.js';

function tree(...paths: string[]): string {
    const root = temporaryFolder();
    for (const path of paths) {
        mkdirSync(join(root, path, '..'), { recursive: true });
        writeFileSync(join(root, path), 'x');
    }
    return root;
}

const RECURSIVE: InputOptions = { recursive: true, raw: false };

/** What is found in a folder, relative to it. */
async function found(root: string, options: Partial<InputOptions> = {}): Promise<string[]> {
    const inputs = await listInputs([root], { ...RECURSIVE, ...options });
    return inputs.map(({ file }) => relative(root, file));
}

describe('the inputs of a command', () => {
    it('are the videos of a folder and those in it, in the order of their numbers', async () => {
        const root = tree('take10.mov', 'take2.mov', 'sub/deep/a.MKV', 'notes.txt', 'sound.mp3');
        expect(await found(root)).toEqual(['sub/deep/a.MKV', 'take2.mov', 'take10.mov']);
    });

    it('leave out what is hidden, partial, a result, or in the output folder', async () => {
        const root = tree(
            ...['a.mp4', '.b.mp4', '.trash/c.mp4', 'd.mp4.part', 'e.mp4', 'e.mp4.aria2'],
            ...['f.hevc.mkv', 'done/g.mp4', '.mp4'],
        );
        expect(await found(root, { outputFolder: join(root, 'done') })).toEqual(['a.mp4']);
        expect(await found(root, { outputFolder: root })).toEqual(['a.mp4', 'done/g.mp4']);
    });

    it('take raw video where that is wanted, and only that', async () => {
        const root = tree('a.mp4', 'b.yuv', 'c.NV12');
        expect(await found(root, { raw: true })).toEqual(['b.yuv', 'c.NV12']);
    });

    it('follow links to files, not to folders', async () => {
        const other = tree('x.mp4');
        const root = tree('a.mp4');
        symlinkSync(join(other, 'x.mp4'), join(root, 'link.mp4'));
        symlinkSync(other, join(root, 'folder'));
        symlinkSync(join(root, 'nowhere'), join(root, 'dead.mp4'));
        expect(await found(root)).toEqual(['a.mp4', 'link.mp4']);
    });

    it('are mirrored from the folder that was named', async () => {
        const root = tree('a.mp4', 'x/y/b.mp4');
        const inputs = await listInputs([root], RECURSIVE);
        expect(inputs.map(mirroredFolder)).toEqual(['', 'x/y']);
        expect(mirroredFolder({ file: 'x/y/b.mp4' })).toBe('');
    });

    it('are what patterns fit, each once', async () => {
        const root = tree('b.mov', 'a.mov', 'sub/c.mov', 'a.hevc.mkv', 'd.mov.part', '.e.mov');
        const list = async (...patterns: string[]): Promise<string[]> =>
            (await listInputs(patterns, { recursive: false, raw: false })).map(({ file }) =>
                relative(root, file),
            );
        expect(await list(join(root, '*'))).toEqual(['a.mov', 'b.mov']);
        expect(await list(join(root, '**/*.mov'), join(root, '[ab].mov'))).toEqual([
            'a.mov',
            'b.mov',
            'sub/c.mov',
        ]);
        await expect(list(join(root, '*.avi'))).rejects.toThrow('no file fits this pattern');
    });

    it('are taken by name whatever they are called, patterns in the name included', async () => {
        const root = tree('a[1].xyz', '.hidden');
        const args = ['a[1].xyz', '.hidden', 'missing'].map((name) => join(root, name));
        const inputs = await listInputs(args, RECURSIVE);
        expect(inputs.map(({ file }) => file)).toEqual(args);
    });

    it('refuse a folder without --recursive, and one without videos', async () => {
        const root = tree('a.txt');
        await expect(listInputs([root], { ...RECURSIVE, recursive: false })).rejects.toThrow(
            'is a folder; --recursive',
        );
        await expect(listInputs([root], RECURSIVE)).rejects.toThrow('there are no videos in it');
    });
});
