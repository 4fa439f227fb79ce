/**
 * What a job's programs say is told to users, who may be on another machine and must not learn
 * where the caller keeps its files: paths of the job are told by what they are.
 */

export interface JobPaths {
    sourcePath: string;
    outputPath: string;
    workDir: string;
    logoPath: string | undefined;
}

/** @returns what puts `<source>`, `<output>`, `<logo>` and `<work>` in place of a job's paths */
export function pathTeller(paths: JobPaths): (text: string) => string {
    const { sourcePath, outputPath, workDir, logoPath } = paths;
    const roles: [string, string][] = [
        [sourcePath, '<source>'],
        [outputPath, '<output>'],
        [workDir, '<work>'],
        ...(logoPath === undefined ? [] : ([[logoPath, '<logo>']] as [string, string][])),
    ];
    // One path may begin with another.
    roles.sort(([a], [b]) => b.length - a.length);
    return (text) => roles.reduce((told, [path, role]) => told.replaceAll(path, role), text);
}
