import { describe, expect, it } from 'vitest';
import { Configuration, Msi, Msix, MsixEntry, PciExpress, PowerManagement } from '../src/index.ts';

/** Offsets and masks as Linux's pci_regs.h states them, dword by dword. */
describe('the register tables agree with pci_regs.h', () => {
  it.each([
    ['PCI_COMMAND_IO', Configuration.COMMAND_STATUS.IO.mask, 0x1],
    ['PCI_COMMAND_MEMORY', Configuration.COMMAND_STATUS.MEMORY.mask, 0x2],
    ['PCI_COMMAND_MASTER', Configuration.COMMAND_STATUS.MASTER.mask, 0x4],
    ['PCI_COMMAND_PARITY', Configuration.COMMAND_STATUS.PARITY.mask, 0x40],
    ['PCI_COMMAND_SERR', Configuration.COMMAND_STATUS.SERR.mask, 0x100],
    ['PCI_COMMAND_INTX_DISABLE', Configuration.COMMAND_STATUS.INTX_DISABLE.mask, 0x400],
    ['PCI_STATUS_INTERRUPT', Configuration.COMMAND_STATUS.INTERRUPT.mask, 0x08 << 16],
    ['PCI_STATUS_CAP_LIST', Configuration.COMMAND_STATUS.CAP_LIST.mask, 0x10 << 16],
    ['PCI_STATUS_REC_MASTER_ABORT', Configuration.COMMAND_STATUS.REC_MASTER_ABORT.mask, 0x2000 << 16],
    ['PCI_BASE_ADDRESS_5', Configuration.BAR.at(5), 0x24],
    ['PCI_SUBSYSTEM_VENDOR_ID', Configuration.SUBSYSTEM.offset, 0x2c],
    ['PCI_CAPABILITY_LIST', Configuration.CAPABILITIES.offset, 0x34],
    ['PCI_INTERRUPT_PIN', Configuration.INTERRUPT.PIN.mask, 0xff00],
    ['PCI_PM_CTRL', PowerManagement.PM_CTRL.offset, 4],
    ['PCI_PM_CTRL_STATE_MASK', PowerManagement.PM_CTRL.STATE.mask, 3],
    ['PCI_PM_CTRL_NO_SOFT_RESET', PowerManagement.PM_CTRL.NO_SOFT_RESET.mask, 8],
    ['PCI_PM_CTRL_PME_STATUS', PowerManagement.PM_CTRL.PME_STATUS.mask, 0x8000],
    ['PCI_MSI_FLAGS_ENABLE', Msi.MSI_CONTROL.ENABLE.mask, 0x1 << 16],
    ['PCI_MSI_FLAGS_QMASK', Msi.MSI_CONTROL.CAPABLE.mask, 0xe << 16],
    ['PCI_MSI_FLAGS_QSIZE', Msi.MSI_CONTROL.ENABLED.mask, 0x70 << 16],
    ['PCI_MSI_FLAGS_64BIT', Msi.MSI_CONTROL.WIDE.mask, 0x80 << 16],
    ['PCI_MSI_FLAGS_MASKBIT', Msi.MSI_CONTROL.MASKABLE.mask, 0x100 << 16],
    ['PCI_MSI_DATA_64', Msi.MSI_DATA.offset, 0xc],
    ['PCI_MSI_MASK_64', Msi.MSI_MASK.offset, 0x10],
    ['PCI_MSI_PENDING_64', Msi.MSI_PENDING.offset, 0x14],
    ['PCI_MSIX_FLAGS_QSIZE', Msix.MSIX_CONTROL.LAST.mask, 0x7ff << 16],
    ['PCI_MSIX_FLAGS_MASKALL', Msix.MSIX_CONTROL.FUNCTION_MASK.mask, 0x4000 << 16],
    ['PCI_MSIX_FLAGS_ENABLE', Msix.MSIX_CONTROL.ENABLE.mask, 0x8000 << 16],
    ['PCI_MSIX_TABLE', Msix.MSIX_TABLE.offset, 4],
    ['PCI_MSIX_PBA', Msix.MSIX_PENDING.offset, 8],
    ['PCI_MSIX_ENTRY_VECTOR_CTRL', MsixEntry.CONTROL.offset, 12],
    ['PCI_EXP_DEVCAP_FLR', PciExpress.EXP_DEVCAP.FLR.mask, 0x1000_0000],
    ['PCI_EXP_DEVCTL', PciExpress.EXP_DEVCTL.offset, 8],
    ['PCI_EXP_DEVCTL_BCR_FLR', PciExpress.EXP_DEVCTL.FLR.mask, 0x8000],
    ['PCI_EXP_LNKSTA_NLW', PciExpress.EXP_LNKCTL.WIDTH.mask, 0x3f0 << 16],
  ])('%s', (_, mine, theirs) => {
    expect(mine >>> 0).toBe(theirs >>> 0);
  });
});
