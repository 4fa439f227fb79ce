/** Which files other programs have open for writing, where the system tells. */
import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The access mode in the flags of /proc/PID/fdinfo/N: anything but reading only. */
const ACCESS_MODE = 0o3;

/** The file behind a descriptor when it is one of the wanted and open for writing. */
async function writtenFile(
    processFolder: string,
    descriptor: string,
    wanted: ReadonlySet<string>,
): Promise<string | undefined> {
    const link = join(processFolder, 'fd', descriptor);
    // Sockets, pipes and the like have names without a slash in front.
    if (!(await readlink(link)).startsWith('/')) return undefined;
    const { dev, ino } = await stat(link, { bigint: true });
    const file = `${dev}:${ino}`;
    if (!wanted.has(file)) return undefined;
    const info = await readFile(join(processFolder, 'fdinfo', descriptor), 'utf8');
    const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '0', 8);
    return (flags & ACCESS_MODE) === 0 ? undefined : file;
}

/**
 * Of the files given as DEVICE:INODE those that some process has open for writing. On Linux those
 * of the user's own processes are known, and all for root; on other systems, and of programs on
 * other machines, none.
 */
export async function filesOpenForWriting(wanted: ReadonlySet<string>): Promise<Set<string>> {
    const found = new Set<string>();
    const processes = await readdir('/proc').catch(() => []);
    for (const pid of processes) {
        if (!/^\d+$/.test(pid)) continue;
        const folder = join('/proc', pid);
        // Processes end and files are closed meanwhile; other users' are not shown.
        const descriptors = await readdir(join(folder, 'fd')).catch(() => []);
        const files = await Promise.all(
            descriptors.map((descriptor) =>
                writtenFile(folder, descriptor, wanted).catch(() => undefined),
            ),
        );
        for (const file of files) if (file !== undefined) found.add(file);
    }
    return found;
}
