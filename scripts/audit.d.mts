/** A line for each vulnerable package of a report of `npm audit --json` that is in the folders. */
export function vulnerable(
    report: {
        vulnerabilities: Record<
            string,
            {
                name: string;
                severity: string;
                range: string;
                /** Folders in which it is installed. */
                nodes: string[];
                /** Advisories, or names of the packages by which it is vulnerable. */
                via: (string | { title: string })[];
            }
        >;
    },
    folders: readonly string[],
): string[];
