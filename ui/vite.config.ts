import { fileURLToPath } from 'node:url'
import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

/** Export conditions that pick the edge builds: `react-dom/server.edge`, the router's server flags. */
const edge = ['workerd', 'worker', 'module', 'import', 'production', 'default']

export default defineConfig(({ isSsrBuild }) => ({
  plugins: [react(), tailwind()],
  html: { cspNonce: '__NONCE__' },
  resolve: {
    alias: { '@': fileURLToPath(new URL('src', import.meta.url)) },
    ...(isSsrBuild ? { conditions: edge } : {}),
  },
  define: isSsrBuild
    ? { 'process.env.NODE_ENV': '"production"', 'process.env.TSS_INLINE_CSS_ENABLED': '"false"' }
    : {},
  ssr: { target: 'webworker', noExternal: isSsrBuild || undefined, resolve: { conditions: edge } },
  build: {
    target: 'es2022',
    outDir: isSsrBuild ? 'dist/server' : 'dist/client',
    manifest: !isSsrBuild,
    minify: true,
    assetsInlineLimit: 0,
    // One stylesheet for all pages: the server's HTML is styled before any chunk arrives.
    cssCodeSplit: false,
    reportCompressedSize: false,
    // The server bundle is one classic script: QuickJS evaluates it and finds `globalThis.render`.
    rolldownOptions: isSsrBuild
      ? { output: { codeSplitting: false, format: 'iife' as const, entryFileNames: 'entry-server.js' } }
      : {},
  },
  server: { proxy: { '/api': 'http://127.0.0.1:3000' } },
  test: { environment: 'node', include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.{ts,tsx}'] },
}))
