// What the animeseg tab needs of the browser: drawing boxes with the mouse, taking a file that was
// just made, and showing another tab of the WebUI. Works in gradio 3 and 4, with a WebUI and without.
(function () {
    "use strict";

    const STAGE = "animeseg_tab_stage";
    const LEAST = 6; // pixels of the screen: less is a click, not a box

    function root() {
        return typeof gradioApp === "function" ? gradioApp() : document;
    }

    function byId(id) {
        return root().querySelector("#" + id);
    }

    // The part of the element that the picture covers: it is fitted inside, margins left empty.
    function pictureArea(image) {
        const box = image.getBoundingClientRect();
        const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
        const width = image.naturalWidth * scale;
        const height = image.naturalHeight * scale;
        return {
            left: box.left + (box.width - width) / 2,
            top: box.top + (box.height - height) / 2,
            scale: scale,
        };
    }

    function toPixels(image, x, y) {
        const area = pictureArea(image);
        const column = Math.round((x - area.left) / area.scale);
        const row = Math.round((y - area.top) / area.scale);
        return [
            Math.min(Math.max(column, 0), image.naturalWidth - 1),
            Math.min(Math.max(row, 0), image.naturalHeight - 1),
        ];
    }

    function drawsBoxes() {
        const buttons = root().querySelectorAll("#animeseg_tab_tool input[type=radio]");
        return buttons.length > 0 && buttons[buttons.length - 1].checked;
    }

    // Gives Python the corners. The count at the end makes the same box twice two events.
    let count = 0;
    function tell(corners) {
        const field = root().querySelector("#animeseg_tab_drawn textarea, #animeseg_tab_drawn input");
        if (!field) {
            return;
        }
        count += 1;
        field.value = corners.concat([count]).join(",");
        field.dispatchEvent(new Event("input", {bubbles: true}));
    }

    let drag = null;

    function frame() {
        let element = document.getElementById("animeseg_frame");
        if (!element) {
            element = document.createElement("div");
            element.id = "animeseg_frame";
            document.body.appendChild(element);
        }
        return element;
    }

    function show(x, y) {
        const style = frame().style;
        style.display = "block";
        style.left = Math.min(drag.x, x) + "px";
        style.top = Math.min(drag.y, y) + "px";
        style.width = Math.abs(x - drag.x) + "px";
        style.height = Math.abs(y - drag.y) + "px";
    }

    function isDrag(x, y) {
        return Math.abs(x - drag.x) >= LEAST && Math.abs(y - drag.y) >= LEAST;
    }

    document.addEventListener("pointerdown", function (event) {
        const stage = byId(STAGE);
        const isPicture = event.target instanceof HTMLImageElement;
        if (!stage || event.button !== 0 || !isPicture || !stage.contains(event.target)) {
            return;
        }
        if (drawsBoxes()) {
            drag = {x: event.clientX, y: event.clientY, image: event.target};
            event.preventDefault();
        }
    });

    // The browser would drag the picture itself away.
    document.addEventListener("dragstart", function (event) {
        const stage = byId(STAGE);
        if (stage && stage.contains(event.target)) {
            event.preventDefault();
        }
    });

    document.addEventListener("pointermove", function (event) {
        if (drag && isDrag(event.clientX, event.clientY)) {
            show(event.clientX, event.clientY);
        }
    });

    // The click that follows a drag is none: it would be taken for the corner of another box.
    let swallow = false;

    document.addEventListener("pointerup", function (event) {
        if (!drag) {
            return;
        }
        frame().style.display = "none";
        if (isDrag(event.clientX, event.clientY)) {
            swallow = true;
            setTimeout(function () {
                swallow = false;
            }, 0);
            const first = toPixels(drag.image, drag.x, drag.y);
            tell(first.concat(toPixels(drag.image, event.clientX, event.clientY)));
        }
        drag = null;
    });

    document.addEventListener(
        "click",
        function (event) {
            if (swallow) {
                swallow = false;
                event.stopPropagation();
                event.preventDefault();
            }
        },
        true
    );

    // Takes the file that a component just got. Its link appears a moment after its value, and
    // until then the link of the file before may still be there: only the right one is followed.
    const PATIENCE = 10000; // milliseconds
    function download(id, value, since) {
        const item = Array.isArray(value) ? value[0] : value;
        const path = item && (item.path || item.name);
        if (!path) {
            return;
        }
        const started = since || Date.now();
        const links = Array.from(root().querySelectorAll("#" + id + " a[href]"));
        const link = links.find(function (each) {
            const address = each.getAttribute("href");
            return address.includes(path) || address.includes(encodeURI(path));
        });
        if (link) {
            const copy = document.createElement("a");
            copy.href = link.href;
            copy.download = path.split(/[\\/]/).pop();
            document.body.appendChild(copy);
            copy.click();
            copy.remove();
        } else if (Date.now() - started < PATIENCE) {
            setTimeout(function () {
                download(id, value, started);
            }, 50);
        }
    }

    // Clicks a button that is out of sight, such as the WebUI's own "send to".
    function press(id) {
        const button = byId(id);
        if (button) {
            (button.querySelector("button") || button).click();
        }
    }

    // Shows the tab of img2img that has "Inpaint upload", found by what is in it, not by its place.
    function showInpaintUpload() {
        if (typeof switch_to_img2img === "function") {
            switch_to_img2img();
        }
        const base = byId("img_inpaint_base");
        const tabs = byId("mode_img2img");
        if (!base || !tabs) {
            return;
        }
        const panels = Array.from(tabs.children).filter(function (child) {
            return child.classList.contains("tabitem");
        });
        const place = panels.findIndex(function (panel) {
            return panel.contains(base);
        });
        const buttons = tabs.querySelector(".tab-nav, .tab-container, [role=tablist]");
        if (place >= 0 && buttons) {
            buttons.querySelectorAll("button")[place].click();
        }
    }

    window.animeseg = {download: download, press: press, showInpaintUpload: showInpaintUpload};
})();
