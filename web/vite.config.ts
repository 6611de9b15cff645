import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** The Python server that `npm run dev` forwards signaling to. */
const backend = process.env.VIDEOCALL_BACKEND ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  // Relative to the page's <base>, so that the server can be mounted anywhere.
  base: './',
  build: {
    outDir: '../python/videocall/web_dist',
    emptyOutDir: true,
    target: ['chrome111', 'firefox120', 'safari16.4'],
    // Everything is its own file under /assets: the server's content policy allows no inline data.
    assetsInlineLimit: 0,
    sourcemap: false,
    // mediasoup-client and React together; what counts is the gzipped size, and that is half the budget.
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      '/ws': { target: backend, ws: true },
      '/healthz': { target: backend },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['test/**/*.test.{ts,tsx}'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
  },
});
