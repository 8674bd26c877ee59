"""D13: small files that unpack to more than memory, or the disk, may hold.

cell: {kinds: passed, note: MemoryError|OSError|allocate|ended the process|stopped, stops: 1}
call: {kinds: raised out_of_memory crashed timed_out, stops: 1}
"""

import io
import zipfile
import zlib


def _bomb(pieces):
    """A stream that unpacks to that many times 16 MB."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * pieces + zlib.compress(b"", wbits=-15)


def into_memory(values, k):
    zlib.decompressobj(-15).decompress(_bomb(64))


def onto_the_disk(values, k):
    unpacker, stream = zlib.decompressobj(-15), _bomb(64)
    with open("bomb", "wb", buffering=0) as file:
        for start in range(0, len(stream), 4096):
            file.write(unpacker.decompress(stream[start : start + 4096]))


def arrays(values, k):
    import numpy as np

    header, packed = io.BytesIO(), io.BytesIO()
    claim = {"descr": "<f8", "fortran_order": False, "shape": (100 << 27,)}
    np.lib.format.write_array_header_1_0(header, claim)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.npy", header.getvalue() + bytes(1 << 20))
    np.load(io.BytesIO(packed.getvalue()))["a"]
