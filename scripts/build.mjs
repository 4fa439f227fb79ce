#!/usr/bin/env node
// npm run build: compiles src/ into dist/, module by module, then puts the bundle over those that
// are entered from outside. dist/ works without the bundle, too, as `tsc` alone leaves it; all is
// then loaded from single modules and node_modules, which takes longer.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { licenceTexts } from './licences.mjs';
import { ROOT } from './root.mjs';

const compiler = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'];
const { status } = spawnSync(process.execPath, compiler, { cwd: ROOT, stdio: ['ignore', 2, 2] });
if (status !== 0) process.exit(status ?? 1);
rmSync(join(ROOT, 'dist/chunks'), { recursive: true, force: true });
const metafile = await bundle({ write: true });
writeFileSync(join(ROOT, 'dist/LICENSES.txt'), licenceTexts(metafile));
