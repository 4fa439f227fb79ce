/** What people are told of the file system's errors. */
const REASONS: Readonly<Record<string, string>> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EISDIR: 'is a folder',
    ENOTDIR: 'no such file',
    EEXIST: 'is there already',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the quota of the disk is used up',
    EROFS: 'the file system is read-only',
    ENAMETOOLONG: 'the name is too long',
    ELOOP: 'too many symbolic links',
};

/** A few words on why something failed on the file system. */
export function fileProblem(error: unknown): string {
    const { code, message } = error as NodeJS.ErrnoException;
    return (code === undefined ? undefined : REASONS[code]) ?? message;
}

/** The same of a folder. */
export function folderProblem(error: unknown): string {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'no such folder' : fileProblem(error);
}
