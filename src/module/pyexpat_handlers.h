/* pyexpat_handlers.h - the handlers a parser has: KR_HANDLER(slot, attribute, libexpat's function that installs one). */
#ifndef KRAIT_PYEXPAT_HANDLERS_H
#define KRAIT_PYEXPAT_HANDLERS_H

#define KR_HANDLERS                                                                                    \
    KR_HANDLER(StartElement, StartElementHandler, XML_SetStartElementHandler)                          \
    KR_HANDLER(EndElement, EndElementHandler, XML_SetEndElementHandler)                                \
    KR_HANDLER(ProcessingInstruction, ProcessingInstructionHandler, XML_SetProcessingInstructionHandler) \
    KR_HANDLER(CharacterData, CharacterDataHandler, XML_SetCharacterDataHandler)                       \
    KR_HANDLER(UnparsedEntityDecl, UnparsedEntityDeclHandler, XML_SetUnparsedEntityDeclHandler)        \
    KR_HANDLER(NotationDecl, NotationDeclHandler, XML_SetNotationDeclHandler)                          \
    KR_HANDLER(StartNamespaceDecl, StartNamespaceDeclHandler, XML_SetStartNamespaceDeclHandler)        \
    KR_HANDLER(EndNamespaceDecl, EndNamespaceDeclHandler, XML_SetEndNamespaceDeclHandler)              \
    KR_HANDLER(Comment, CommentHandler, XML_SetCommentHandler)                                         \
    KR_HANDLER(StartCdataSection, StartCdataSectionHandler, XML_SetStartCdataSectionHandler)           \
    KR_HANDLER(EndCdataSection, EndCdataSectionHandler, XML_SetEndCdataSectionHandler)                 \
    KR_HANDLER(Default, DefaultHandler, XML_SetDefaultHandler)                                         \
    KR_HANDLER(DefaultHandlerExpand, DefaultHandlerExpand, XML_SetDefaultHandlerExpand)                \
    KR_HANDLER(NotStandalone, NotStandaloneHandler, XML_SetNotStandaloneHandler)                       \
    KR_HANDLER(ExternalEntityRef, ExternalEntityRefHandler, XML_SetExternalEntityRefHandler)           \
    KR_HANDLER(StartDoctypeDecl, StartDoctypeDeclHandler, XML_SetStartDoctypeDeclHandler)              \
    KR_HANDLER(EndDoctypeDecl, EndDoctypeDeclHandler, XML_SetEndDoctypeDeclHandler)                    \
    KR_HANDLER(EntityDecl, EntityDeclHandler, XML_SetEntityDeclHandler)                                \
    KR_HANDLER(XmlDecl, XmlDeclHandler, XML_SetXmlDeclHandler)                                         \
    KR_HANDLER(ElementDecl, ElementDeclHandler, XML_SetElementDeclHandler)                             \
    KR_HANDLER(AttlistDecl, AttlistDeclHandler, XML_SetAttlistDeclHandler)                             \
    KR_HANDLER(SkippedEntity, SkippedEntityHandler, XML_SetSkippedEntityHandler)

#define KR_HANDLER(slot, attribute, setter) SLOT_##slot,
typedef enum { KR_HANDLERS SLOT_COUNT } Slot;
#undef KR_HANDLER

#endif
