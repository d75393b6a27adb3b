// The browser's own dialog for files and folders.

const KINDS = "image/*,.heic,.heif,.avif,.tif,.tiff";

// The files that the reader chooses; the promise stays open if they choose none.
export function chooseFiles({ isFolder = false } = {}) {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.webkitdirectory = isFolder;
  if (!isFolder) input.accept = KINDS;
  return new Promise((resolve) => {
    input.addEventListener("change", () => resolve([...input.files]));
    input.click();
  });
}
