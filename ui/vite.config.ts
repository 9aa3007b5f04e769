import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  build: {
    outDir: process.env.TINDERBOX_UI_OUT_DIR ?? '../dist/ui',
    emptyOutDir: true,
    // Read by scripts/size.mjs.
    manifest: true,
    // The server's content security policy allows no data: addresses in scripts and styles.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': process.env.TINDERBOX_BASE_URL ?? 'http://127.0.0.1:7878' } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
