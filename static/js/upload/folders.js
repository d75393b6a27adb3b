// All files of a drop, those inside folders too.

export async function droppedFiles(transfer) {
  // entries have to be asked for before the first await: the drop is over after it
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const files = [];
  for (const entry of entries) await walk(entry, files);
  return files;
}

async function walk(entry, files) {
  if (entry.name.startsWith(".")) return;
  if (entry.isFile) {
    files.push(await promised((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // a reader gives at most 100 entries a call
    const some = await promised((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const inner of some) await walk(inner, files);
  }
}

function promised(start) {
  return new Promise((resolve, reject) => {
    start(resolve, reject);
  });
}
