"""Made-up frames written as a pcap file with radiotap, as a capturing laptop writes it.

radiotap, 15 bytes: | 0 | 0 | 15 2 | present 4 | flags 1 | pad 1 | MHz 2 | channel flags 2 | dBm 1 |
"""

import struct
import zlib
from collections.abc import Iterable
from typing import BinaryIO

FILE_HEADER = struct.Struct("<IHHiIII")
PACKET_HEADER = struct.Struct("<IIII")
RADIOTAP = struct.Struct("<BBHIBxHHb")
PRESENT = 1 << 1 | 1 << 3 | 1 << 5  # flags, channel, antenna signal in dBm
FLAG_FCS = 0x10
CHANNEL_2GHZ_OFDM = 0x00C0


def write_pcap(file: BinaryIO, frames: Iterable[tuple[int, int, int, bytes]]) -> int:
    """Write (time_us, rssi_dbm, channel, frame without FCS) in the order given; return how many."""
    file.write(FILE_HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 65535, 127))
    count = 0
    for time_us, rssi_dbm, channel, frame in frames:
        radiotap = RADIOTAP.pack(
            0, 0, RADIOTAP.size, PRESENT, FLAG_FCS, 2407 + 5 * channel, CHANNEL_2GHZ_OFDM, rssi_dbm
        )
        # IEEE 802.11-2020, 9.2.4.8: the FCS is the CRC-32 of the frame, least significant byte first.
        packet = radiotap + frame + zlib.crc32(frame).to_bytes(4, "little")
        file.write(PACKET_HEADER.pack(time_us // 1_000_000, time_us % 1_000_000, len(packet), len(packet)))
        file.write(packet)
        count += 1
    return count
