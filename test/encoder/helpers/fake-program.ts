/** Tiny programs for faults that the real ones cannot be made to show. */
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** @returns path of a shell script under the name of the program that it stands for */
export async function fakeProgram(folder: string, name: string, script: string): Promise<string> {
    const path = join(await mkdtemp(join(folder, 'fake-')), name);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
}
