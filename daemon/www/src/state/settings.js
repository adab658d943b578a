// SPDX-License-Identifier: Apache-2.0
// What this browser remembers: language, sound, production mode. A browser without storage forgets, nothing else.
export function read_setting(name) {
  try {
    return localStorage.getItem(`fleetline.${name}`);
  } catch {
    return null;
  }
}

export function write_setting(name, value) {
  try {
    if (value === null) localStorage.removeItem(`fleetline.${name}`);
    else localStorage.setItem(`fleetline.${name}`, value);
  } catch {
    // Kept in memory by whoever asked.
  }
}
