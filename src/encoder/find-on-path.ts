import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** The first executable of this name on PATH. */
export async function findOnPath(name: string): Promise<string | undefined> {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
        if (!isAbsolute(folder)) continue;
        const path = join(folder, name);
        try {
            await access(path, constants.X_OK);
            return path;
        } catch {
            continue;
        }
    }
    return undefined;
}
