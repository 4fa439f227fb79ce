/** The first module of the program: what can be done before any other is loaded. */
import nodeModule from 'node:module';
import { VERSION } from './config/version.js';

const VERSION_FLAGS: readonly string[] = ['-V', '--version'];

/**
 * Runs the program, and leaves its exit status in the process.
 * @param argv without the program's own name
 */
export async function start(argv: readonly string[]): Promise<void> {
    const [only] = argv;
    if (argv.length === 1 && only !== undefined && VERSION_FLAGS.includes(only)) {
        process.stdout.write(`${VERSION}\n`);
        return;
    }
    // Traces then name files of src/; maps lie beside what a clone has built.
    if (process.env['KVZ_CLOUD_DEBUG']) process.setSourceMapsEnabled(true);
    // From Node 22.8 on compiled code is kept on disk, below the folder for temporary files.
    if ('enableCompileCache' in nodeModule && typeof nodeModule.enableCompileCache === 'function') {
        nodeModule.enableCompileCache();
    }
    const { main } = await import('./main.js');
    process.exitCode = await main(argv);
}
