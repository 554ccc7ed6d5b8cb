"""What is frozen into an image: docs "MicroPython manifest files".

The node and its adapters are frozen as the package `firmware`, so that adapters find the node by
the same relative imports as on a host. board.py is the built board's own.
"""

package(  # noqa: F821
    "firmware",
    files=["__init__.py", "version.py"],
    base_path="..",
)
package("firmware/node", base_path="..")  # noqa: F821
package("firmware/adapters", base_path="..")  # noqa: F821
module("board.py", base_path="$(BOARD_DIR)")  # noqa: F821
module("_boot.py")  # noqa: F821
module("main.py")  # noqa: F821
