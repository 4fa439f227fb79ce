/** Which test files begin first: those that take longest, so that none of them is alone at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const SLOW_FOLDERS = ['/test/faults/', '/test/e2e/', '/test/browser/', '/test/encoder/'];

const rank = ({ moduleId }: TestSpecification): number => {
    const found = SLOW_FOLDERS.findIndex((folder) => moduleId.includes(folder));
    return found === -1 ? SLOW_FOLDERS.length : found;
};

export class SlowFirst extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
        // Within a folder: by the last run's times, or by size.
        const sorted = await super.sort(files);
        return sorted.sort((a, b) => rank(a) - rank(b));
    }
}
