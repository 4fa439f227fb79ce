/** The programs that a process has started, found in /proc. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Program {
    pid: number;
    /** Its command line, the parts with spaces between them. */
    command: string;
}

interface Entry extends Program {
    parent: number;
}

function entryOf(pid: number): Entry | undefined {
    try {
        // "1 (name) S 0 …": the name may hold anything.
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (state === 'Z') return undefined;
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return { pid, parent: Number(parent), command };
    } catch {
        return undefined;
    }
}

const allEntries = (): Entry[] =>
    readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((name) => entryOf(Number(name)))
        .filter((entry) => entry !== undefined);

/** All that `pid` has started and that still runs, grandchildren included. */
export function descendants(pid: number): Program[] {
    const entries = allEntries();
    const found = new Set([pid]);
    for (let size = 0; size < found.size;) {
        size = found.size;
        for (const entry of entries) if (found.has(entry.parent)) found.add(entry.pid);
    }
    found.delete(pid);
    return entries.filter((entry) => found.has(entry.pid));
}

/** The processes, of whatever parent, whose command line names a path. */
export const naming = (path: string): Program[] =>
    allEntries().filter(({ command, pid }) => pid !== process.pid && command.includes(path));

/**
 * The process of a job's program itself, not of what wraps it.
 * @param name kvazaar or ffmpeg
 */
export function programOf(parent: number, name: 'kvazaar' | 'ffmpeg'): Program | undefined {
    return descendants(parent).find(({ command }) => {
        const [first = '', ...rest] = command.split(' ');
        if (/bwrap|setpriv|prlimit/.test(first)) return false;
        // kvazaar may be started by a loader of its own.
        return (
            first.endsWith(`/${name}`) ||
            (/ld-linux/.test(first) && rest.some((part) => part.endsWith(`/${name}`)))
        );
    });
}
