# SPDX-License-Identifier: Apache-2.0
"""What rooms is asked, one projection per question."""
