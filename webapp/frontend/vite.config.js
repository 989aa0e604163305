import { defineConfig } from "vite";

// One entry per page that needs scripts; webapp/assets.py finds the files through the manifest.
export default defineConfig({
  base: "/static/build/",
  build: {
    outDir: "../static/build",
    emptyOutDir: true,
    manifest: true,
    modulePreload: { polyfill: false },
    cssCodeSplit: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: { app: "src/app.js", worklist: "src/worklist.js" },
    },
  },
});
