// The bundle: what is entered from outside, and all that it needs of src/ and of node_modules, in
// few files. Loading hundreds of modules was half of what a short command cost.
import { build, stop } from 'esbuild';
import { ROOT } from './root.mjs';

/** Entered by bin/, by package.json's exports, and as threads. */
const ENTRIES = [
    'start',
    'client/index',
    'encoder/index',
    'client/hash-worker',
    'daemon/uploads/leaf-worker',
];

/**
 * Bundles src/ into dist/.
 * @param {{write: boolean}} options write: false only looks what would go into it
 * @returns esbuild's account of which file holds what
 */
export async function bundle({ write }) {
    try {
        const { metafile } = await build({
            absWorkingDir: ROOT,
            entryPoints: ENTRIES.map((name) => ({ in: `src/${name}.ts`, out: name })),
            outdir: 'dist',
            chunkNames: 'chunks/[name]-[hash]',
            bundle: true,
            splitting: true,
            format: 'esm',
            platform: 'node',
            target: 'node20.19',
            write,
            metafile: true,
            logLevel: 'warning',
            // Not of JavaScript alone; and what others look for and do without: Ink, where it is being
            // developed itself, and debug, in whose place only a development tool may have put it.
            external: ['better-sqlite3', 'react-devtools-core', 'supports-color'],
            // React's development build is several times slower.
            define: { 'process.env.NODE_ENV': '"production"' },
            // Packages of CommonJS ask for Node's own modules by it.
            banner: {
                js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
            },
            sourcemap: 'linked',
            sourcesContent: false,
        });
        return metafile;
    } finally {
        // It is a program of its own, which would live as long as this process.
        await stop();
    }
}
