/** KubeArmor's names of USB classes (feeder/policyMatcher.go). */
const USB_CLASSES: Readonly<Record<string, number>> = {
  AUDIO: 1,
  'COMMUNICATION-CDC': 2,
  HID: 3,
  PHYSICAL: 5,
  IMAGE: 6,
  PRINTER: 7,
  'MASS-STORAGE': 8,
  HUB: 9,
  'CDC-DATA': 10,
  'SMART-CARD': 11,
  'CONTENT-SECURITY': 13,
  VIDEO: 14,
  'PERSONAL-HEALTHCARE': 15,
  'AUDIO/VIDEO': 16,
  BILLBOARD: 17,
  'TYPE-C-BRIDGE': 18,
  'BULK-DISPLAY': 19,
  MCTP: 20,
  I3C: 60,
  DIAGNOSTIC: 220,
  'WIRELESS-CONTROLLER': 224,
  MISCELLANEOUS: 239,
  'APPLICATION-SPECIFIC': 254,
  'VENDOR-SPECIFIC': 255,
};

/** The number of a class given by name, decimal or hexadecimal; NaN for anything else, which matches no device. */
export function usbClass(name: string): number {
  const trimmed = name.trim();
  if (/^(?:\d{1,3}|0x[0-9a-fA-F]{1,2})$/.test(trimmed)) return Number(trimmed);
  return USB_CLASSES[trimmed] ?? Number.NaN;
}
