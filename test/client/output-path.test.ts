import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkOutput, containerOf, planOutputs, resultName } from '../../src/client/output-path.js';
import type { OutputPlan } from '../../src/client/output-path.js';
import type { Container } from '../../src/protocol/messages.js';
import { temporaryFolder } from '../helpers/temporary.js';

const plan = (
    files: readonly string[],
    target?: string,
    container?: Container,
    fallback?: Container,
): Promise<OutputPlan> =>
    planOutputs(
        files.map((file) => ({ file })),
        { target, container, fallback },
    );

describe('where results go', () => {
    it.each([
        ['a.mp4', 'mp4'],
        ['a.M4V', 'mp4'],
        ['a.hevc', 'hevc'],
        ['a.h265', 'hevc'],
        ['a.mkv', 'mkv'],
        ['a.avi', undefined],
        ['a', undefined],
        [undefined, undefined],
    ])('%s asks for %s', (path, container) => {
        expect(containerOf(path)).toBe(container);
    });

    it.each([
        ['/x/clip.mp4', 'mkv', 'clip.hevc.mkv'],
        ['clip.tar.gz', 'mp4', 'clip.tar.hevc.mp4'],
        ['.hidden', 'hevc', '.hidden.hevc.hevc'],
    ] as const)('%s as %s is called %s', (input, container, name) => {
        expect(resultName(input, container)).toBe(name);
    });

    it('has the container of --container, then the ending, then the profile', async () => {
        const chosen = async (
            target: string | undefined,
            container?: 'hevc',
            fallback?: 'mp4',
        ): Promise<string> => (await plan(['/x/a.mov'], target, container, fallback)).container;
        expect(await chosen('/y/out.mkv', 'hevc', 'mp4')).toBe('hevc');
        expect(await chosen('/y/out.mkv', undefined, 'mp4')).toBe('mkv');
        expect(await chosen('/y/out', undefined, 'mp4')).toBe('mp4');
        expect(await chosen(undefined, undefined, 'mp4')).toBe('mp4');
        expect(await chosen(undefined)).toBe('mkv');
    });

    it('is beside the input by default', async () => {
        expect(await plan(['/x/clip.mp4'])).toEqual({
            container: 'mkv',
            outputs: ['/x/clip.hevc.mkv'],
            makeFolders: false,
        });
    });

    it('is the file that was asked for, which names the container', async () => {
        expect(await plan(['/x/clip.mov'], '/y/out.mp4')).toEqual({
            container: 'mp4',
            outputs: ['/y/out.mp4'],
            makeFolders: false,
        });
    });

    it('is in a folder that exists, or that is written with a slash', async () => {
        const folder = temporaryFolder();
        const inputs = ['/x/a.mov', '/x/b.mov'];
        const outputs = [join(folder, 'a.hevc.mp4'), join(folder, 'b.hevc.mp4')];
        const there = { container: 'mp4', outputs, makeFolders: false };
        expect(await plan(inputs, folder, 'mp4')).toEqual(there);
        expect(await plan(['/x/a.mov'], '/nowhere/')).toEqual({
            container: 'mkv',
            outputs: ['/nowhere/a.hevc.mkv'],
            makeFolders: true,
        });
    });

    it.each([
        [['/x/a.mov', '/x/b.mov'], '/y/out.mkv', 'must be a folder'],
        [['/x/a.mov', '/x/a.mov'], undefined, 'given twice'],
        [['/x/a.mov', '/x/a.mp4'], undefined, 'would both be written'],
        [['/x/a.hevc.mkv'], '/x/a.hevc.mkv', 'would replace an input'],
        [['/x/a.mp4', '/x/a.hevc.mkv'], undefined, 'would replace an input'],
    ])('refuses %j to %s', async (inputs, target, problem) => {
        await expect(plan(inputs, target)).rejects.toThrow(problem);
    });
});

describe('the check before anything is sent', () => {
    it('leaves nothing behind where the output can be written', async () => {
        const folder = temporaryFolder();
        await checkOutput(join(folder, 'out.mkv'), false);
        expect(readdirSync(folder)).toEqual([]);
    });

    it('refuses a file that is there, unless it may be replaced', async () => {
        const output = join(temporaryFolder(), 'out.mkv');
        writeFileSync(output, 'mine');
        await expect(checkOutput(output, false)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
        await expect(checkOutput(output, true)).resolves.toBeUndefined();
    });

    it('refuses folders, and folders that are not there', async () => {
        const folder = temporaryFolder();
        mkdirSync(join(folder, 'sub'));
        for (const output of [join(folder, 'sub'), join(folder, 'missing', 'out.mkv')]) {
            await expect(checkOutput(output, true)).rejects.toMatchObject({
                code: 'OUTPUT_UNWRITABLE',
            });
        }
    });
});
