// The original takes the place of its rendition as soon as somebody looks closer than that can show. Only where the
// page offers it: formats that browsers show, and not too large to decode.

export function start(print) {
  const picture = print.querySelector("img");
  const room = print.closest(".stage");
  const address = print.dataset.original;
  if (!address) return;
  const look = ({ detail: { scale } }) => {
    const pixels = picture.offsetWidth * scale * devicePixelRatio;
    if (pixels <= Number(picture.getAttribute("width")) * 1.1) return;
    room.removeEventListener("zoomed", look);
    lay(print, picture, address).catch(() => {}); // the rendition stays
  };
  room.addEventListener("zoomed", look);
}

async function lay(print, picture, address) {
  const turn = Number(print.dataset.turn);
  const isSideways = turn % 180 !== 0;
  const full = new Image();
  full.className = "print-full";
  full.alt = "";
  full.src = address;
  await full.decode();
  const ratio = picture.offsetWidth / picture.offsetHeight;
  const own = full.naturalWidth / full.naturalHeight;
  // a browser that reads the file's orientation otherwise than we do
  if (Math.abs((isSideways ? 1 / own : own) / ratio - 1) > 0.02) return;
  full.style.width = `${isSideways ? 100 / ratio : 100}%`;
  full.style.height = `${isSideways ? 100 * ratio : 100}%`;
  full.style.transform = `translate(-50%, -50%) rotate(${turn}deg)`;
  picture.after(full);
}
